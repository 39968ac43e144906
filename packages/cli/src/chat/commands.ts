/** What can be typed in the chat besides messages: `/help` and the like. What isn't known here goes to the agent, which may have commands of its own. */
import { basename } from 'node:path';
import type { Chat } from './chat.ts';
import { awake } from './link.ts';
import { isFile, typedPath } from './mentions.ts';
import { type Block, prefixed, span, wrap } from './screen/line.ts';
import { rawBlock } from './talk/looks.ts';
import { bytes, tokens } from './talk/tool-words.ts';
import { dollars } from './talk/totals.ts';

interface Command {
  /** What follows the name, for the help. */
  takes?: string;
  does: string;
  run: (chat: Chat, argument: string) => void | Promise<void>;
}

const commands: Record<string, Command> = {
  help: { does: 'show this', run: (chat) => chat.show(help()) },
  attach: { takes: '<path>', does: 'send a file with the next message; @path in a message does so too', run: attach },
  files: { takes: '[path]', does: "list the agent's workspace, or show a file of it", run: files },
  model: { takes: '[name]', does: 'show or change the model, from the next turn on', run: model },
  cost: { does: 'what this session has used', run: cost },
  expand: { does: 'the last tool call or thought in full (Ctrl-O)', run: (chat) => chat.expand() },
  sessions: { does: 'the newest sessions of this agent', run: sessions },
  resume: { takes: '<id>', does: 'go on in another session', run: resume },
  new: { does: 'open a new session', run: (chat) => chat.moveToNew() },
  fork: { does: 'go on in a copy of this session; it stays as it is', run: fork },
  end: { does: 'end this session for good, and leave', run: end },
  quit: { does: 'leave; the session stays (Ctrl-D)', run: (chat) => chat.leave() },
};
const aliases: Record<string, string> = { exit: 'quit', q: 'quit', '?': 'help' };

/** Runs a line that is a command; false when it is none of ours. */
export function runCommand(chat: Chat, line: string): boolean {
  const [, name = '', argument = ''] = /^\/(\S+)\s*([\s\S]*)$/.exec(line.trim()) ?? [];
  const known = aliases[name] ?? name;
  const command = Object.hasOwn(commands, known) ? commands[known] : undefined;
  if (command === undefined) return false;
  chat.attempt(async () => {
    await command.run(chat, argument.trim());
  });
  return true;
}

/** The command that the typed beginning stands for, if there is just one. */
export function completeCommand(typed: string): string | undefined {
  if (!/^\/\w*$/.test(typed)) return undefined;
  const fitting = Object.keys(commands).filter((name) => name.startsWith(typed.slice(1)));
  return fitting.length === 1
    ? `/${fitting[0]}${commands[fitting[0] ?? '']?.takes === undefined ? '' : ' '}`
    : undefined;
}

const keys: [string, string][] = [
  ['Enter', 'sends; Alt-Enter or a \\ before Enter breaks the line'],
  ['Esc', 'interrupts the turn, as does Ctrl-C; Ctrl-C twice leaves'],
  ['↑ ↓', 'what was sent before'],
  ['Ctrl-L', 'clears the screen'],
];

function help(): Block {
  const rows = Object.entries(commands).map(([name, { takes, does }]): [string, string] => [
    `/${name}${takes === undefined ? '' : ` ${takes}`}`,
    does,
  ]);
  const all = [...rows, ...keys];
  const column = Math.max(...all.map(([left]) => left.length)) + 2;
  return (width) =>
    all.flatMap(([left, right]) =>
      prefixed(
        wrap([span(right, { dim: true })], Math.max(20, Math.min(width, 100) - column)),
        [span(left.padEnd(column))],
        [span(' '.repeat(column))],
      ),
    );
}

async function attach(chat: Chat, path: string): Promise<void> {
  if (path === '') return chat.note('Give a path: /attach report.csv');
  const full = typedPath(path);
  if (!(await isFile(full))) return chat.note(`There is no file ${path}`);
  chat.attached.push(full);
  chat.note(`${basename(full)} goes with your next message.`);
}

async function files(chat: Chat, path: string): Promise<void> {
  const { client, session } = chat.link;
  if (path !== '') {
    const { content } = await client.getSessionFile(session.id, path);
    return chat.show(rawBlock(content));
  }
  const { files } = await client.getSessionFiles(session.id, { includeHidden: false });
  if (files.length === 0) return chat.note('The workspace is empty.');
  const column = Math.max(...files.map(({ size }) => bytes(size).length));
  chat.show(rawBlock(files.map(({ path, size }) => `${bytes(size).padStart(column)}  ${path}`).join('\n')));
}

async function model(chat: Chat, name: string): Promise<void> {
  if (name === '') {
    const now = chat.conversation.totals.model ?? chat.link.session.model ?? "the agent's own";
    return chat.note(`Model: ${now}. Another one: /model <name>`);
  }
  chat.link.session = await chat.link.client.updateSessionConfig(chat.link.session.id, { model: name });
  chat.note(`Model from the next turn on: ${name}`);
}

async function cost(chat: Chat): Promise<void> {
  const stats = await chat.link.client.getUsageStats({ sessionId: chat.link.session.id });
  const input = stats.totalInputTokens + stats.totalCacheReadTokens + stats.totalCacheCreationTokens;
  chat.note(
    `${stats.totalMessages} turns, ${stats.totalToolCalls} tool calls · ${tokens(input)} tokens in, ` +
      `${tokens(stats.totalOutputTokens)} out · ${dollars(stats.totalCostUsd)} by list prices`,
  );
}

async function sessions(chat: Chat): Promise<void> {
  const found = await chat.link.client.listSessions({ agent: chat.link.session.agentName, limit: 15 });
  const rows = found.map(({ id, status, agentVersion, lastActiveAt }) => {
    const when = lastActiveAt.slice(0, 16).replace('T', ' ');
    return `${id}  v${agentVersion}  ${status.padEnd(8)}  ${when}${id === chat.link.session.id ? '  (this one)' : ''}`;
  });
  chat.show(rawBlock(rows.join('\n')));
  chat.note('/resume <id> goes on in one; its last characters are enough.');
}

async function resume(chat: Chat, given: string): Promise<void> {
  if (given === '') return sessions(chat);
  const { client } = chat.link;
  const known = await client.listSessions({ agent: chat.link.session.agentName, limit: 200 });
  const fitting = known.filter(({ id }) => id.startsWith(given) || id.endsWith(given));
  const [one] = fitting;
  if (fitting.length > 1) return chat.note(`${fitting.length} sessions fit ${given}: give more of the id.`);
  const session = one ?? (await client.getSession(given));
  chat.moveTo(await awake(client, session), 100);
  chat.note(`Going on: session ${session.id} (${session.agentName} v${session.agentVersion})`);
}

async function fork(chat: Chat): Promise<void> {
  const parent = chat.link.session.id;
  const session = await chat.link.client.resumeSession((await chat.link.client.forkSession(parent)).id);
  chat.moveTo(session);
  chat.note(`This is a fork now, session ${session.id}. The one that it came from stays: /resume ${parent}`);
}

async function end(chat: Chat): Promise<void> {
  await chat.link.client.endSession(chat.link.session.id);
  chat.ended = true;
  chat.leave();
}
