/** Shows on stderr that something takes its time: a line that moves and goes away. Only for people. */
import type { Context } from '../context.ts';

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
/** What is done before this needs no line, in ms. */
const patienceMs = 300;

/** Awaits `work` and shows `what` meanwhile, with the seconds that it takes. */
export async function waiting<T>(context: Context, what: string, work: Promise<T>): Promise<T> {
  using _line = movingLine(context, what);
  return await work;
}

/** A line that says what is waited for, until it is disposed. */
export function movingLine({ watched, terminal }: Context, what: string): Disposable {
  if (!watched) return { [Symbol.dispose]: () => undefined };
  const since = performance.now();
  let frame = 0;
  let shown = false;
  const timer = setInterval(() => {
    if (performance.now() - since < patienceMs) return;
    shown = true;
    const seconds = Math.floor((performance.now() - since) / 1000);
    const line = `${frames[frame++ % frames.length]} ${what} …${seconds > 0 ? ` ${seconds}s` : ''}`;
    process.stderr.write(`\r\u001b[2K${terminal.dim(line)}`);
  }, 100);
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
      if (shown) process.stderr.write('\r\u001b[2K');
      shown = false;
    },
  };
}
