/** The program `ash`. */
import { codeOf } from './failure.ts';
import { run } from './program.ts';

// Whoever reads our output may have read enough (`ash session list | head`).
process.stdout.on('error', (error) => {
  if (codeOf(error) !== 'EPIPE') throw error;
  process.exit(0);
});

process.exitCode = await run(process.argv.slice(2));
// Nothing is left to do: what still holds the process is a server that did not stop in good order.
if (process.exitCode !== 0) process.exit();
