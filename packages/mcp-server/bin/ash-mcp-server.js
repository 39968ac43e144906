#!/usr/bin/env node
/**
 * Starts the MCP server. Plain JavaScript: installed it runs the built file; in a checkout the TypeScript source, which
 * needs Node 24 and a flag.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../src/main.ts', import.meta.url));

if (existsSync(source)) {
  const child = spawn(process.execPath, ['--conditions=@ash-ai/source', source], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.once('exit', (code) => process.exit(code ?? 1));
} else await import(new URL('../dist/main.js', import.meta.url).href);
