/**
 * A stand-in for the agent runtime's executable that starts in a tenth of the time: histories of the kind `quick` run it.
 *
 * It speaks the Agent SDK's protocol over stdin and stdout, calls the model through the socket it is given, runs shell
 * commands, keeps a transcript that lags behind what it said, and resumes from it as the real one does (measured: see
 * transcript.ts). It knows nothing of Ash. What it can't do (approvals, subagents, settings, MCP), `quick` histories don't ask for.
 */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { Conversation } from './conversation.ts';
import type { Json } from './frames.ts';
import { Hooks } from './hooks.ts';
import { Transcript } from './transcript.ts';

const { values } = parseArgs({
  strict: false,
  options: { 'session-id': { type: 'string' }, resume: { type: 'string' } },
});
const resume = typeof values.resume === 'string' ? values.resume : undefined;
const sessionId = resume ?? String(values['session-id']);

const say = (message: Json): void => void process.stdout.write(`${JSON.stringify(message)}\n`);
const transcript = Transcript.open(sessionId, { resume: resume !== undefined });
const hooks = new Hooks(say);
const conversation = new Conversation({ sessionId, transcript, say, hooks });

// Nothing is begun before the host has said its hello, as `--await-initialize` asks.
let greeted = false;
for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() === '') continue;
  const { type, request_id: id, request, ...rest } = JSON.parse(line) as Json;
  if (type === 'user') conversation.take(rest);
  if (type === 'control_response') hooks.answered((rest as Json).response);
  if (type !== 'control_request') continue;
  const { subtype } = request as Json;
  // The answer comes before what the deed brings.
  const response =
    subtype === 'initialize'
      ? { commands: [], agents: [], models: [], output_style: 'default', available_output_styles: [], account: {} }
      : {};
  say({ type: 'control_response', response: { subtype: 'success', request_id: id, response } });
  if (subtype === 'initialize' && !greeted) {
    greeted = true;
    hooks.use((request as Json).hooks);
    conversation.begin();
  } else if (subtype === 'interrupt') conversation.interrupt();
}
// The end of the input lets the turn finish.
await conversation.idle();
transcript.flush();
