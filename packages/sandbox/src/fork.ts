/** What a fork takes over of its parent: all files, and the place in the conversation from which it goes on. */
import { errors } from '@ash-ai/shared';
import type { LocalWorkspaces } from './local-workspaces.ts';
import type { Conversation, ForkRequest } from './runner.ts';
import { transcriptHolds } from './transcript.ts';

/** Copies, then finds the conversation in the copy, which nobody writes any more. @throws fork_failed */
export async function forkFiles(
  workspaces: LocalWorkspaces,
  request: ForkRequest,
): Promise<{ conversation: Conversation | undefined }> {
  const { conversations, points } = request;
  const conversation = await workspaces.copy(request, async ({ layout }) =>
    points?.length === 0 ? undefined : await conversationIn(layout.home, conversations, points),
  );
  return { conversation };
}

async function conversationIn(
  home: string,
  conversations: ForkRequest['conversations'],
  points: ForkRequest['points'],
): Promise<Conversation | undefined> {
  for (const conversation of conversations) {
    const held = await transcriptHolds(home, conversation.sessionId, points ?? []);
    if (held === undefined) continue;
    if (points === undefined) return conversation;
    const at = points.find((point) => held.has(point));
    if (at !== undefined) return { sessionId: conversation.sessionId, at };
  }
  if (points === undefined) return undefined;
  throw errors.fork_failed({ reason: "the agent runtime's transcript does not hold this place of the conversation" });
}
