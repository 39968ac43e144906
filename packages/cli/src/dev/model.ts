/** Which model `ash dev` talks to: the one that the environment names, or a scripted one of its own. */
import { startScriptedModel } from '@ash-ai/scripted-model';

type Variables = Readonly<Record<string, string | undefined>>;

const naming = ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'ANTHROPIC_BASE_URL'];
/** Slow enough to be seen to stream. */
const deltaDelayMs = 15;

export interface DevModel extends AsyncDisposable {
  /** For the server's environment. */
  env: Record<string, string>;
  scripted: boolean;
}

/** The model for these variables. */
export async function devModel(variables: Variables): Promise<DevModel> {
  const given = Object.entries(variables).filter(([name, value]) => name.startsWith('ANTHROPIC_') && value);
  if (given.some(([name]) => naming.includes(name))) {
    const env = Object.fromEntries(given) as Record<string, string>;
    return { env, scripted: false, [Symbol.asyncDispose]: async () => undefined };
  }
  const model = await startScriptedModel({ deltaDelayMs });
  return {
    env: { ANTHROPIC_BASE_URL: model.url, ANTHROPIC_API_KEY: 'scripted' },
    scripted: true,
    [Symbol.asyncDispose]: () => model[Symbol.asyncDispose](),
  };
}
