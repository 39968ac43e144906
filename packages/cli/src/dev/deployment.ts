/** The agent of `ash dev`: deployed when its folder has changed, with words for what has. */
import type { Agent, AshClient } from '@ash-ai/sdk';
import { type Changes, changesBetween, hashOf, isNothing } from '../agent-changes.ts';
import { readAgentFiles } from '../agent-files.ts';

/** More names than these say nothing more. */
const mostNames = 4;

export class Deployment {
  readonly #client: AshClient;
  readonly #name: string;
  readonly #folder: string;
  #files: { path: string; sha256: string }[] = [];

  constructor(client: AshClient, name: string, folder: string) {
    this.#client = client;
    this.#name = name;
    this.#folder = folder;
  }

  /** Deploys the folder; undefined when it holds what it did. @throws Failure when it is no agent folder */
  async deploy(): Promise<{ agent: Agent; words: string } | undefined> {
    const { files } = await readAgentFiles(this.#folder);
    const changes = changesBetween(this.#files, files);
    if (isNothing(changes)) return undefined;
    const agent = await this.#client.createAgent(this.#name, { files, replace: true });
    this.#files = files.map(({ path, content }) => ({ path, sha256: hashOf(content) }));
    return { agent, words: words(changes) };
  }
}

function words({ added, changed, removed }: Changes): string {
  const parts = [
    [changed, 'changed'],
    [added, 'is new'],
    [removed, 'is gone'],
  ] as const;
  return parts.flatMap(([paths, what]) => (paths.length === 0 ? [] : [`${names(paths)} ${what}`])).join(', ');
}

function names(paths: readonly string[]): string {
  const left = paths.length - mostNames;
  return `${paths.slice(0, mostNames).join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
}
