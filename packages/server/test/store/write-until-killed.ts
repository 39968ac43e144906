/** A program for the crash test: appends to a database until it is killed, and prints what it was told is durable. */
import * as log from '../../src/store/log.ts';
import { openStore } from '../../src/store/open.ts';
import { AT, newSession, upTo } from './backend-rows.ts';

const [file = '', name = ''] = process.argv.slice(2);
const store = await openStore({ file });

await Promise.all(
  upTo(20).map(async (n) => {
    const { id: sessionId } = await newSession(store, { id: `${name}-${n}` });
    for (;;) {
      const entries = [{ type: 'message', data: { text: 'x'.repeat(300) }, createdAt: AT }];
      const appended = await store.write((tx) => log.append(tx, { sessionId, entries }));
      // A write to a pipe is synchronous on Linux: a line that the parent has was printed before the kill.
      if (typeof appended === 'object') process.stdout.write(`${sessionId} ${appended.lastSeq}\n`);
    }
  }),
);
