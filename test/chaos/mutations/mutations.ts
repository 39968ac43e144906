/**
 * Ways in which the code could be wrong, to show that the harness would notice: a checker that can't fail proves nothing.
 * Each is a replacement of text in a copy of the packages; text that is no longer there fails loudly.
 */
import type { FaultWeights } from '../plan.ts';

export interface Mutation {
  name: string;
  /** What is wrong then. */
  wrong: string;
  changes: readonly { file: string; from: string; to: string }[];
  /** Faults that bring it to light. */
  faults: FaultWeights;
}

const serverDies: FaultWeights = { 'server kill': 1 };
const sandboxDies: FaultWeights = { 'bridge kill': 1, 'runtime kill': 1, 'sandbox kill': 1 };
const anything: FaultWeights = { 'server kill': 2, 'bridge kill': 1, 'runtime kill': 1, 'sandbox kill': 1 };

const turns = 'packages/server/src/turns';

export const mutations: readonly Mutation[] = [
  {
    name: 'deliver-before-commit',
    wrong: 'readers are shown entries before they are committed (by a database that takes 60 ms)',
    changes: [
      {
        file: `${turns}/ledger.ts`,
        from: '    const appended = await this.#write(async (tx) => {\n      const written',
        to: `    const guess = (await logStore.lastSeq(this.#rooms.store.db, sessionId)) ?? 0;
    log.publish(sessionId, rows.map((row, index) => toItem({ sessionId, seq: guess + 1 + index, ...row })));
    await new Promise((resolve) => setTimeout(resolve, 60));
    const appended = await this.#write(async (tx) => {\n      const written`,
      },
    ],
    faults: serverDies,
  },
  {
    name: 'ack-before-commit',
    wrong: 'the bridge is told to forget frames before they are committed (by a database that takes 60 ms)',
    changes: [
      {
        file: `${turns}/lane-sandbox.ts`,
        from: '          await ledger.commit(part);\n',
        to: `          if (part.n !== undefined) sandbox.ack(part.n);
          await new Promise((resolve) => setTimeout(resolve, 60));
          await ledger.commit(part);\n`,
      },
    ],
    faults: serverDies,
  },
  {
    name: 'skip-the-ack',
    wrong: 'the bridge is never told that its frames are committed (and its spool is small)',
    changes: [
      {
        file: 'packages/bridge/src/spool.ts',
        from: 'maxChars = 64 * 1024 * 1024',
        to: 'maxChars = 16 * 1024',
      },
      {
        file: `${turns}/lane-sandbox.ts`,
        from: '          if (part.n !== undefined) sandbox.ack(part.n);\n',
        to: '',
      },
    ],
    faults: anything,
  },
  {
    name: 'drop-a-spool-line',
    wrong: 'the bridge loses one of the frames that wait while no server is there',
    changes: [
      {
        file: 'packages/bridge/src/spool.ts',
        from: 'return this.#kept.filter((frame) => frame.n > n);',
        to: 'return this.#kept.filter((frame) => frame.n > n).slice(1);',
      },
    ],
    faults: serverDies,
  },
  {
    name: 'reuse-an-epoch',
    wrong: 'a new owner of a session takes the epoch of the one before',
    changes: [
      {
        file: 'packages/server/src/store/sessions.ts',
        from: "eb('leaseEpoch', '+', 1)",
        to: "eb('leaseEpoch', '+', 0)",
      },
    ],
    faults: serverDies,
  },
  {
    name: 'forget-the-idempotency-key',
    wrong: 'a repeated POST is taken for a new one',
    changes: [
      {
        file: 'packages/server/src/idempotency.ts',
        from: '  if (key === undefined) return undefined;',
        to: '  if (key === undefined || key !== "") return undefined;',
      },
    ],
    faults: anything,
  },
  {
    name: 'double-a-replayed-frame',
    wrong: 'frames that are committed already are taken for new ones when they come again',
    changes: [
      { file: 'packages/sandbox/src/spool-file.ts', from: 'frame.header.n > known', to: 'frame.header.n > known * 0' },
      { file: `${turns}/record.ts`, from: 'if (header.n <= committedN) continue;', to: '' },
      { file: 'packages/server/src/store/log.ts', from: "eb('frameN', '<', n)", to: "eb('frameN', '>=', 0)" },
    ],
    faults: { 'bridge kill': 1, 'sandbox kill': 1 },
  },
  {
    name: 'previews-out-of-order',
    wrong: 'previews are shown in whatever order they come, and they come in disorder',
    changes: [
      {
        file: `${turns}/carriage.ts`,
        from: 'for (const preview of previews)',
        to: 'for (const preview of [...previews].reverse())',
      },
      { file: 'packages/server/src/log/follow.ts', from: 'if (item.index !== seen + 1) continue;', to: '' },
    ],
    faults: anything,
  },
  {
    name: 'cursor-off-by-one',
    wrong: 'a reader that comes back gets its last entry once more',
    changes: [
      {
        file: 'packages/server/src/log/follow.ts',
        from: 'let { seq, previews: seen } = options.cursor;',
        to: 'let { seq, previews: seen } = options.cursor;\n  seq = Math.max(0, seq - 1);',
      },
    ],
    faults: serverDies,
  },
  {
    name: 'lose-an-entry',
    wrong: 'every seventh frame is acked, and not written',
    changes: [
      {
        file: `${turns}/record.ts`,
        from: '      part.entries.push(',
        to: "      if (header.n % 7 !== 0 || header.kind === 'turn_end') part.entries.push(",
      },
    ],
    faults: anything,
  },
  {
    name: 'run-a-turn-twice',
    wrong: 'a turn whose sandbox dies is run again from its beginning',
    changes: [
      {
        file: `${turns}/recovery.ts`,
        from: "if (leftOff.state === 'absent') {",
        to: "if (leftOff.state !== 'finished') {",
      },
    ],
    faults: sandboxDies,
  },
  {
    name: 'end-a-turn-twice',
    wrong: 'a turn that has ended is ended once more by the server',
    changes: [
      {
        file: `${turns}/carriage.ts`,
        from: 'if (current.ended || signal.aborted) return;',
        to: 'if (signal.aborted) return;',
      },
    ],
    faults: anything,
  },
  {
    name: 'swallow-a-death',
    wrong: 'the turn is not told that its sandbox is gone',
    changes: [{ file: `${turns}/carriage.ts`, from: 'if (current) this.#current?.over.resolve();', to: '' }],
    faults: sandboxDies,
  },
  {
    name: 'empty-workspace',
    wrong: 'a session that is woken starts from an empty workspace',
    changes: [
      {
        file: 'packages/sandbox/src/cold-starts.ts',
        from: "import { mkdir } from 'node:fs/promises';",
        to: "import { mkdir, readdir, rm } from 'node:fs/promises';",
      },
      {
        file: 'packages/sandbox/src/cold-starts.ts',
        from: '  const resume = await hasTranscript(home, sessionId);\n',
        to: `  const workspace = join(home, '..', 'workspace');
  for (const name of await readdir(workspace).catch(() => [])) await rm(join(workspace, name), { recursive: true, force: true });
  const resume = await hasTranscript(home, sessionId);\n`,
      },
    ],
    faults: sandboxDies,
  },
  {
    name: 'forget-the-conversation',
    wrong: 'a session that is woken begins a new conversation',
    changes: [
      {
        file: 'packages/sandbox/src/cold-starts.ts',
        from: "import { mkdir } from 'node:fs/promises';",
        to: "import { mkdir, rm } from 'node:fs/promises';",
      },
      {
        file: 'packages/sandbox/src/cold-starts.ts',
        from: '  const resume = await hasTranscript(home, sessionId);\n',
        to: "  await rm(join(home, '.claude', 'projects'), { recursive: true, force: true });\n  if (conversationKnown) return false;\n  const resume = await hasTranscript(home, sessionId);\n",
      },
    ],
    faults: sandboxDies,
  },
  {
    name: 'leave-the-sandbox',
    wrong: 'the end of a session leaves its processes running',
    changes: [
      {
        file: 'packages/sandbox/src/local-runner.ts',
        from: '    await this.#options.isolation.destroy(launched);\n',
        to: '',
      },
    ],
    faults: serverDies,
  },
];
