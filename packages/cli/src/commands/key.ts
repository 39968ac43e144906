/** `ash key …`: API keys of the tenant. */
import type { ApiKey } from '@ash-ai/sdk';
import type { Context } from '../context.ts';
import { type Column, showList, showSentence } from '../output/show.ts';
import { ago } from '../output/words.ts';

const columns: readonly Column<ApiKey>[] = [
  { title: 'id', of: ({ id }) => id },
  { title: 'label', of: ({ label }) => label, elastic: true },
  { title: 'begins with', of: ({ keyPrefix }) => keyPrefix },
  { title: 'created', of: ({ createdAt }) => ago(createdAt) },
];

/** Makes a key. It is the result, so that it can go into a file or a variable; the server shows it only now. */
export async function createKey(context: Context, options: { label?: string }): Promise<void> {
  const created = await (await context.client()).createApiKey(options.label);
  if (context.form === 'json') context.terminal.json(created);
  else context.terminal.out(`${created.key}\n`);
  context.terminal.note(context.terminal.dim(`Key ${created.id}. It is shown only now.`));
}

export async function listKeys(context: Context): Promise<void> {
  const keys = await (await context.client()).listApiKeys();
  showList(context, keys, { columns, key: ({ id }) => id, none: 'No keys yet. Make one: ash key create' });
}

export async function deleteKey(context: Context, id: string): Promise<void> {
  await (await context.client()).deleteApiKey(id);
  showSentence(context, `Deleted key: ${id}`, { ok: true }, id);
}
