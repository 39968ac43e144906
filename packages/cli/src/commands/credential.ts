/** `ash credential …`: secrets for providers, sealed by the server. */
import type { Credential, CredentialType } from '@ash-ai/sdk';
import type { Context } from '../context.ts';
import { choice } from '../option-values.ts';
import { type Column, showDone, showList, showSentence } from '../output/show.ts';
import { ago } from '../output/words.ts';
import { readSecret } from '../secret-input.ts';

const columns: readonly Column<Credential>[] = [
  { title: 'id', of: ({ id }) => id },
  { title: 'type', of: ({ type }) => type },
  { title: 'label', of: ({ label }) => label, elastic: true },
  { title: 'state', of: ({ active }) => (active ? 'active' : 'inactive') },
  { title: 'created', of: ({ createdAt }) => ago(createdAt) },
  { title: 'used', of: ({ lastUsedAt }) => ago(lastUsedAt) ?? 'never' },
];

/** The contract's table would bring its checks along; the compiler sees that these are its types. */
const types = ['anthropic', 'openai', 'custom', 'bedrock'] as const satisfies readonly CredentialType[];

export async function addCredential(context: Context, given: string, options: { label?: string }): Promise<void> {
  const type = choice('the type', given, types) ?? 'anthropic';
  const key = await readSecret(type === 'bedrock' ? 'The keys, as a JSON object' : 'The key');
  const credential = await (await context.client()).storeCredential(type, key, options.label);
  const next = [`ash session create <agent> --credential ${credential.id}`];
  showDone(context, 'Credential stored', credential, { key: credential.id, next });
}

export async function listCredentials(context: Context): Promise<void> {
  const credentials = await (await context.client()).listCredentials();
  const none = 'No credentials yet. Store one: ash credential add anthropic';
  showList(context, credentials, { columns, key: ({ id }) => id, none });
}

export async function deleteCredential(context: Context, id: string): Promise<void> {
  await (await context.client()).deleteCredential(id);
  showSentence(context, `Deleted credential: ${id}`, { ok: true }, id);
}
