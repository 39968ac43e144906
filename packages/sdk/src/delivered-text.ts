/**
 * How much of the open messages a stream has delivered as deltas, so that a reader who missed some of them still gets the
 * whole text as deltas. Pure.
 *
 * ```
 *   message_start ──► content_block_start ──► content_block_delta … ──► assistant (one complete block)
 *                                                       ╰── missed ──╯   ▲ the rest comes before it, marked `recovered`
 * ```
 * The server shows no delta after one that it can't show, until the next entry of the log. So what was delivered of a block
 * is its beginning, unless its start did not come, or an entry came first after a cut while it was open: then its further
 * deltas are left out, and the complete block brings them.
 */
import { type AshStreamEvent, contentBlocks, type SdkMessage } from '@ash-ai/shared';

type Data = Record<string, unknown>;

interface OpenBlock {
  type: unknown;
  /** What was delivered of it; undefined when its beginning was before the stream's. */
  text: string | undefined;
  /** Whether deltas were missed, so that those that come now don't follow what was delivered. */
  gapped: boolean;
}

interface OpenMessage {
  id: unknown;
  blocks: Map<number, OpenBlock>;
  /** Index of the first block that nothing is known of. */
  next: number;
}

/** Field of a block and name of a delta, by what they hold. */
const fields = { text: 'text', thinking: 'thinking' } as const;
type Kind = keyof typeof fields;

/** Of the main conversation; subagents have the id of the tool call that started them. */
const main = '';

export class DeliveredText {
  readonly #open = new Map<unknown, OpenMessage>();
  #cut = false;
  #midway: boolean;

  /** @param midway whether the stream begins after a cursor: part of the text may have been delivered by an earlier one */
  constructor(midway: boolean) {
    this.#midway = midway;
  }

  /** The connection is gone. Whether anything is missed shows with the next event. */
  cut(): void {
    this.#cut = true;
  }

  /** What to deliver of the events that came with one id. */
  take(events: AshStreamEvent[]): AshStreamEvent[] {
    const data = events.find(({ type }) => type === 'message')?.data as Data | undefined;
    if (data === undefined) {
      if (events.some(endsMessages)) this.#forget();
      return events;
    }
    if (data.type === 'stream_event') return this.#partial(data) ? events : [];
    const rest = data.type === 'assistant' ? this.#complete(data) : [];
    if (this.#cut) this.#missed();
    return [...rest, ...events];
  }

  /** Notes what a partial message adds. False when it doesn't follow what was delivered. */
  #partial(data: Data): boolean {
    // The server goes on right after the cursor, or not before the next entry.
    this.#cut = false;
    const event = asRecord(data.event);
    const of = speaker(data);
    if (event.type === 'message_start') {
      // Also after a model's stream that broke: what came of the message before is void.
      this.#open.set(of, { id: asRecord(event.message).id, blocks: new Map(), next: 0 });
      if (of === main) this.#midway = false;
      return true;
    }
    const open = this.#open.get(of) ?? { id: undefined, blocks: new Map<number, OpenBlock>(), next: 0 };
    this.#open.set(of, open);
    if (event.type !== 'content_block_start' && event.type !== 'content_block_delta') return true;
    const index = Number(event.index ?? 0);
    open.next = Math.max(open.next, index + 1);
    if (event.type === 'content_block_start') {
      open.blocks.set(index, { type: asRecord(event.content_block).type, text: '', gapped: false });
      return true;
    }
    const delta = asRecord(event.delta);
    const kind = kindOf(String(delta.type).replace(/_delta$/, ''));
    const block = open.blocks.get(index) ?? this.#unbegun(kind);
    open.blocks.set(index, block);
    if (block.gapped) return false;
    if (kind !== undefined && block.text !== undefined) block.text += String(delta[fields[kind]]);
    return true;
  }

  /** A block whose start did not come: its deltas are the middle of it, unless an earlier stream delivered what came before. */
  #unbegun(type: Kind | undefined): OpenBlock {
    return this.#midway ? { type, text: undefined, gapped: false } : { type, text: '', gapped: true };
  }

  /** What is still to be delivered of a complete message, as deltas. */
  #complete(data: Data): AshStreamEvent[] {
    const of = speaker(data);
    const message = asRecord(data.message);
    const deltas: AshStreamEvent[] = [];
    for (const block of contentBlocks(data as SdkMessage)) {
      const kind = kindOf(block.type);
      const whole = kind === undefined ? '' : String(block[fields[kind]] ?? '');
      let open = this.#open.get(of);
      const known = open && theBlock(open, { type: block.type, whole, id: message.id });
      if (open !== undefined && known !== undefined) {
        open.id = message.id;
        open.blocks.delete(known.index);
        const { text } = known.block;
        if (kind === undefined || text === undefined || !whole.startsWith(text) || whole === text) continue;
        deltas.push(...recovered(data, known.index, kind, whole.slice(text.length)));
      } else if (kind === undefined) {
        if (open !== undefined && open.id === message.id) open.next += 1;
      } else if (of === main && this.#midway) {
        this.#midway = false;
      } else if (whole !== '' && isSpoken(message) && (of === main || open !== undefined)) {
        // Nothing of it came. Subagents whose messages never come in parts are left alone: their text is not the answer.
        if (open === undefined || open.id !== message.id) {
          open = { id: message.id, blocks: new Map(), next: 0 };
          this.#open.set(of, open);
          deltas.push(partial(data, { type: 'message_start', message: { ...message, content: [] } }));
        }
        deltas.push(...recovered(data, open.next, kind, whole));
        open.next += 1;
      }
    }
    return deltas;
  }

  /** An entry came first after a cut: of what was open before it, deltas may be missing. */
  #missed(): void {
    this.#cut = false;
    for (const { blocks } of this.#open.values()) for (const block of blocks.values()) block.gapped = true;
  }

  /** A turn is over, or its sandbox: nothing comes of messages that are open. */
  #forget(): void {
    this.#open.clear();
    this.#midway = false;
  }
}

/** The open block that is complete now: the one of its kind of which most was delivered. */
function theBlock(
  open: OpenMessage,
  { type, whole, id }: { type: unknown; whole: string; id: unknown },
): { index: number; block: OpenBlock } | undefined {
  const alike = [...open.blocks].filter(([, block]) => block.type === type);
  const delivered = ([, { text }]: [number, OpenBlock]): number => (text === undefined ? 0 : text.length);
  const begun = alike.filter(([, { text }]) => text !== undefined && whole.startsWith(text));
  const found =
    begun.sort((a, b) => delivered(b) - delivered(a))[0] ??
    // What was delivered is no beginning of it. Of the same message it can't be mended, of another one it is void.
    alike.find(([, { text }]) => text === undefined || open.id === id);
  return found && { index: found[0], block: found[1] };
}

/** In the shape of the server's: the granular event, then the message. */
function recovered(message: Data, index: number, kind: Kind, text: string): AshStreamEvent[] {
  const delta = { type: `${kind}_delta`, [fields[kind]]: text };
  return [
    { type: `${kind}_delta`, data: { delta: text, recovered: true } },
    partial(message, { type: 'content_block_delta', index, delta }),
  ];
}

/** A partial message that the server didn't send; it has no `uuid`. */
function partial({ session_id, parent_tool_use_id = null }: Data, event: Data): AshStreamEvent {
  return { type: 'message', data: { type: 'stream_event', event, session_id, parent_tool_use_id, recovered: true } };
}

/** The runtime's own words, such as that of an API error, never come in parts. */
function isSpoken(message: Data): boolean {
  return message.model !== '<synthetic>';
}

function endsMessages({ type, data }: { type: string; data: unknown }): boolean {
  return type === 'done' || (type === 'session' && typeof asRecord(data).turnId === 'string');
}

function speaker(data: Data): unknown {
  return data.parent_tool_use_id ?? main;
}

function kindOf(type: unknown): Kind | undefined {
  return type === 'text' || type === 'thinking' ? type : undefined;
}

function asRecord(value: unknown): Data {
  return typeof value === 'object' && value !== null ? (value as Data) : {};
}
