/** What `ash smoke` does, step by step: each returns what people read of it, and throws when it did not work. */
import { randomBytes } from 'node:crypto';
import type { AshClient } from '@ash-ai/sdk';

const made = 'Ash keeps what agents make.';

/** The turn, as the scripted model plays it: a tool writes a file, and the answer says what was in it. */
const script = JSON.stringify([
  { tools: [{ name: 'Bash', input: { command: `echo '${made}' | tee note.md` } }] },
  'The note says: {{result}}',
]);

export interface Step {
  name: string;
  run: (given: { client: AshClient; state: State }) => Promise<string>;
}

export interface State {
  sessionId: string;
  lastSeq: number;
}

/** The way of an agent from its deployment to the end of a session. */
export const steps: readonly Step[] = [
  {
    name: 'deploy an agent',
    run: async ({ client }) => {
      const content = Buffer.from('# Smoke\n\nDo what you are told.\n').toString('base64');
      const agent = await client.createAgent('smoke', { files: [{ path: 'CLAUDE.md', content }], replace: true });
      return `"${agent.name}" v${agent.version}`;
    },
  },
  {
    name: 'open a session',
    run: async ({ client, state }) => {
      const session = await client.createSession('smoke');
      state.sessionId = session.id;
      return session.id;
    },
  },
  {
    name: 'a turn with a tool',
    run: async ({ client, state }) => {
      let answer = '';
      const kinds = new Set<string>();
      for await (const event of client.sendMessageStream(state.sessionId, `Write it. <script>${script}</script>`)) {
        kinds.add(event.type);
        if (event.type === 'turn_complete') answer = event.data.result ?? '';
        if (event.type === 'error') throw new Error(`${event.data.error} (${event.data.code})`);
      }
      if (!answer.includes(made)) throw new Error(`the answer was ${JSON.stringify(answer)}`);
      if (!kinds.has('tool_use') || !kinds.has('done')) throw new Error(`only ${[...kinds].join(', ')} were streamed`);
      return answer.trim();
    },
  },
  {
    name: 'read its file',
    run: async ({ client, state }) => {
      const { content, source } = await client.getSessionFile(state.sessionId, 'note.md');
      if (content.trim() !== made) throw new Error(`note.md holds ${JSON.stringify(content)}`);
      return `note.md, from the ${source}`;
    },
  },
  {
    name: 'run a command',
    run: async ({ client, state }) => {
      const word = randomBytes(4).toString('hex');
      const { stdout, exitCode } = await client.exec(state.sessionId, `echo ${word}; exit 3`);
      if (stdout.trim() !== word || exitCode !== 3)
        throw new Error(`it wrote ${JSON.stringify(stdout)}, code ${exitCode}`);
      return 'output and exit code come back';
    },
  },
  {
    name: 'read its log',
    run: async ({ client, state }) => {
      const messages = await client.listMessages(state.sessionId);
      if (messages.length < 2) throw new Error(`it holds ${messages.length} messages`);
      return `${messages.length} messages`;
    },
  },
  {
    name: 'pause, resume, end',
    run: async ({ client, state }) => {
      await client.pauseSession(state.sessionId);
      await client.resumeSession(state.sessionId);
      const { status } = await client.endSession(state.sessionId);
      return status;
    },
  },
];
