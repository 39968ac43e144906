import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

test('loading the package brings in no Node built-in and no zod', () => {
  const program = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ resolve(specifier, context, next) { const found = next(specifier, context); loaded.push(found.url); return found; } });
    await import('@ash-ai/sdk');
    console.log(JSON.stringify(loaded));`;
  const output = execFileSync(
    process.execPath,
    ['--conditions=@ash-ai/source', '--input-type=module', '--eval', program],
    { cwd: import.meta.dirname, encoding: 'utf8' },
  );
  const loaded: string[] = JSON.parse(output);
  expect(loaded.length).toBeGreaterThan(5);
  expect(loaded.filter((url) => !/\/packages\/(sdk|shared)\/src\/[\w./-]+\.ts$/.test(url))).toEqual([]);
  expect(loaded.filter((url) => /\/src\/(contract|api\/.*)\.ts$/.test(url))).toEqual([]);
});
