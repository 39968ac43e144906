/** The wall's launcher of process isolation: the same channels and leash as bubblewrap's, with Node alone, so that it runs anywhere. */

/** Runs by `node -e`, as leader of a process group that holds all that it starts and that nothing detached. */
export const processSupervisor = `
const { spawn } = require('node:child_process');
const { writeSync, closeSync } = require('node:fs');
const { Socket } = require('node:net');
const { signals } = require('node:os').constants;
const endAll = () => process.kill(-process.pid, 'SIGKILL');
const report = (status) => writeSync(4, JSON.stringify(status) + '\\n');
const leash = new Socket({ fd: 5 });
leash.on('error', endAll).on('close', endAll).resume();
let text = '';
const command = new Socket({ fd: 3 }).setEncoding('utf8');
command.on('error', endAll).on('data', (part) => { text += part; });
command.on('end', () => {
  const argv = text.split('\\0').slice(0, -1);
  if (argv.length === 0) return endAll();
  const child = spawn(argv[0], argv.slice(1), { stdio: [0, 1, 2] });
  child.on('spawn', () => report({ 'child-pid': child.pid }));
  child.on('error', (error) => { writeSync(2, error.message + '\\n'); endAll(); });
  child.on('exit', (code, signal) => { report({ 'exit-code': code ?? 128 + signals[signal] }); endAll(); });
});
writeSync(6, 'ok\\n');
closeSync(6);
`;
