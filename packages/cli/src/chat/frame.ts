/** The live lines of the chat, from top to bottom: what is open, what is asked, what is typed, how things stand. Pure. */
import type { Session } from '@ash-ai/sdk';
import { cutTo, widthOf } from '../output/width.ts';
import type { Asker } from './asker.ts';
import type { Editor } from './input/editor.ts';
import { editorLines } from './input/editor-lines.ts';
import { type Line, span, wrap } from './screen/line.ts';
import type { Live } from './screen/painter.ts';
import type { Conversation } from './talk/conversation.ts';

export interface FrameParts {
  conversation: Conversation;
  editor: Editor;
  asker: Asker;
  /** Whether there is a line to type on. */
  prompt: boolean;
  reachable: boolean;
  /** Files that go with the next message. */
  attached: readonly string[];
  /** A remark that stays until the next key. */
  hint: string | undefined;
  session: Session;
}

export interface Size {
  width: number;
  height: number;
}

/** The live lines of a moment; never more than the screen has, with the end of what is too long. */
export function frame(parts: FrameParts, { width, height }: Size, nowMs: number): Live {
  const { conversation, asker } = parts;
  const below = parts.prompt ? promptLines(parts, { width, height }, nowMs) : undefined;
  const room = Math.max(1, height - 1 - (below?.lines.length ?? 0));
  const above = conversation.live(width, nowMs);
  if (!parts.reachable) {
    above.push(
      [],
      ...wrap([span('The server does not answer; reconnecting … (nothing is lost)', { colour: 'yellow' })], width - 1),
    );
  }
  const asked = asker.lines(width, Math.max(3, Math.floor(height / 2) - 4));
  if (asked.length > 0) above.push([], ...asked);
  const shown = above.slice(-room);
  if (below === undefined) return { lines: shown };
  return {
    lines: [...shown, ...below.lines],
    cursor: { row: shown.length + below.cursor.row, column: below.cursor.column },
  };
}

function promptLines(
  parts: FrameParts,
  { width, height }: Size,
  nowMs: number,
): Required<Live> & { cursor: { row: number; column: number } } {
  const { editor, asker } = parts;
  const before: Line[] = [[]];
  if (parts.attached.length > 0)
    before.push([span(cutTo(`attached: ${parts.attached.join(', ')}`, width - 1), { dim: true })]);
  const prompt = span(asker.prompt ?? '› ', { colour: asker.prompt === undefined ? 'cyan' : 'yellow', bold: true });
  const typed = editorLines(editor, prompt, width, Math.max(1, Math.min(10, Math.floor(height / 3))));
  const hint = parts.hint ?? asker.keys(nowMs);
  const last: Line =
    hint === undefined ? statusLine(statusOf(parts), width) : [span(cutTo(hint, width - 1), { colour: 'yellow' })];
  return {
    lines: [...before, ...typed.lines, last],
    cursor: { row: before.length + typed.cursor.row, column: typed.cursor.column },
  };
}

/** The words of the status line, the most important first. */
function statusOf({ session, conversation }: FrameParts): string[] {
  const { totals, waiting } = conversation;
  const words = [`${session.agentName} v${session.agentVersion}`];
  if (waiting.size > 0) words.push(`${waiting.size} ${waiting.size === 1 ? 'message waits' : 'messages wait'}`);
  if (totals.model === undefined && session.model !== null) words.push(session.model);
  return [...words, ...totals.words(), `session ${session.id}`];
}

/** As many of the parts as there is room for. */
function statusLine(parts: readonly string[], width: number): Line {
  let text = '';
  for (const part of parts) {
    const longer = text === '' ? part : `${text} · ${part}`;
    if (widthOf(longer) > width - 1 && text !== '') break;
    text = longer;
  }
  return [span(cutTo(text, width - 1), { dim: true })];
}
