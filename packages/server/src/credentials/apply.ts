/** What a credential becomes for a session: headers of its model calls, or variables inside its sandbox. Pure. */
import { errors } from '@ash-ai/shared';
import { z } from 'zod';
import type { OpenCredential } from './credentials.ts';

/** Where a credential goes. */
export interface AppliedCredential {
  /** Variables of the sandbox. */
  env: Record<string, string>;
  /** Headers of the model gateway's calls; the sandbox never sees them. Undefined: the server's own stay. */
  modelHeaders: Record<string, string> | undefined;
}

const bedrockKey = z.object({
  accessKeyId: z.string().min(1),
  secretAccessKey: z.string().min(1),
  region: z.string().min(1),
  sessionToken: z.string().min(1).optional(),
});

/** Says where a credential goes. @throws credential_invalid when its key has not the form that its type needs */
export function applyCredential(credentialId: string, { type, key }: OpenCredential): AppliedCredential {
  const refuse = (reason: string) => errors.credential_invalid({ credentialId, reason });
  if (key.includes('\0')) throw refuse('its key holds a NUL character');
  switch (type) {
    case 'anthropic':
      if (/[^\x21-\x7e]/.test(key)) throw refuse('its key must be visible ASCII, because it is sent as a header');
      return { env: {}, modelHeaders: { 'x-api-key': key } };
    case 'openai':
      return { env: { OPENAI_API_KEY: key }, modelHeaders: undefined };
    case 'custom':
      return { env: { ASH_CUSTOM_API_KEY: key }, modelHeaders: undefined };
    case 'bedrock': {
      const parsed = bedrockKey.safeParse(parseJson(key));
      if (!parsed.success) {
        const fields = parsed.error.issues.map((issue) => issue.path.join('.')).filter((field) => field !== '');
        throw refuse(fields.length === 0 ? 'its key is not a JSON object' : `its key lacks ${fields.join(', ')}`);
      }
      const { accessKeyId, secretAccessKey, region, sessionToken } = parsed.data;
      const env = {
        CLAUDE_CODE_USE_BEDROCK: '1',
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_REGION: region,
        ...(sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: sessionToken }),
      };
      return { env, modelHeaders: undefined };
    }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
