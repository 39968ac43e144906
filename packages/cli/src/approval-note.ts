/** Says where a turn stands still until somebody answers, for commands that don't ask themselves. */
import type { AshStreamEvent } from '@ash-ai/sdk';
import type { Context } from './context.ts';
import { brief } from './output/summary.ts';
import { inLine } from './output/width.ts';

/** Passes a stream on, with a note for each approval. */
export async function* withApprovalNotes(
  stream: AsyncIterable<AshStreamEvent>,
  { terminal }: Pick<Context, 'terminal'>,
  sessionId: string,
): AsyncGenerator<AshStreamEvent, void, undefined> {
  for await (const event of stream) {
    if (event.type === 'approval') {
      const { toolName, input } = event.data;
      terminal.note(`? ${toolName} waits for leave: ${inLine(brief(input)).slice(0, 200)}`);
      terminal.note(`  in another terminal: ash session approve ${sessionId}`);
    }
    yield event;
  }
}
