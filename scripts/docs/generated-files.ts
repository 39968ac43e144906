/** Every file that is made from the code, with its text. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiPage } from './api-page.ts';
import { cliPage } from './cli-page.ts';
import { configurationPage } from './configuration-page.ts';
import { errorsPage } from './errors-page.ts';
import { llmsText } from './llms-text.ts';
import { methodTables } from './methods.ts';

/** Files by their path in the repository. @param root the checkout */
export async function generatedFiles(root: string): Promise<Record<string, string>> {
  const pages: Record<string, string> = {
    'docs/configuration.md': configurationPage(),
    'docs/api-reference.md': apiPage(),
    'docs/errors.md': errorsPage(),
    'docs/cli.md': await cliPage(),
  };
  const methods = methodTables(root);
  for (const path of ['docs/sdk-typescript.md', 'skills/ash/references/api-reference.md']) {
    pages[path] = withMethods(readFileSync(join(root, path), 'utf8'), methods);
  }
  return { ...pages, 'llms.txt': llmsText(root, pages) };
}

/** Puts the list between its marks. */
function withMethods(text: string, methods: string): string {
  const marks = /(<!-- methods: [^\n]*-->\n)[\s\S]*?(<!-- end of methods -->)/;
  if (!marks.test(text)) throw new Error('no place for the methods');
  return text.replace(marks, (_, before: string, after: string) => `${before}\n${methods}\n${after}`);
}
