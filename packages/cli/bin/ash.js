#!/usr/bin/env node
/**
 * Starts the `ash` program. Plain JavaScript that also runs on Node 20, from where it goes on with Node 24. In a checkout
 * the program runs from its TypeScript source, which needs a flag of Node; installed, it is the built file.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { isatty } from 'node:tty';
import { fileURLToPath } from 'node:url';
import { floor, node24 } from './node-floor.js';

const source = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const built = new URL('../dist/ash.mjs', import.meta.url);
const sourceFlag = '--conditions=@ash-ai/source';

const fromSource = existsSync(source);
const oldNode = Number.parseInt(process.versions.node, 10) < floor;
if (!oldNode && !fromSource) await import(built.href);
else await goOn();

async function goOn() {
  let node;
  try {
    node = await node24();
  } catch (error) {
    process.stderr.write(`Failed: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
    return;
  }
  const program = fromSource ? [sourceFlag, source] : [fileURLToPath(built)];
  const args = [...process.execArgv, ...program, ...process.argv.slice(2)];
  // Taking this process's place keeps its pid and its signals; where Node can't, a child gets them passed on.
  if (typeof process.execve === 'function' && process.platform !== 'win32')
    process.execve(node, [node, ...args], process.env);
  runChild(node, args);
}

function runChild(node, args) {
  const child = spawn(node, args, { stdio: 'inherit' });
  // A terminal sends Ctrl-C to the child as well: passing it on would make two of one.
  const fromTerminal = isatty(0);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !fromTerminal) child.kill(signal);
    });
  }
  child.once('error', (error) => {
    process.stderr.write(`Failed: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.once('exit', (code, signal) => {
    process.exit(code ?? 128 + (signal === null ? 1 : constants.signals[signal]));
  });
}
