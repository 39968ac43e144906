/**
 * The live end of a session's log: the newest entries and the previews between them, in the order in which readers see
 * them. Entries come here only after they are committed. Bounded; what falls out is read from the store.
 */
import type { EntryItem, FeedItem, PreviewItem } from './feed-item.ts';
import type { Waiter } from './waiter.ts';

/** How much of the log is kept in memory per session with readers, in characters. */
const maxChars = 2 * 1024 * 1024;
/** How many things made of the live end are kept for those who come next. */
const maxShared = 4;
/** Readers that are woken at once; the others get their turn after what else the server has to do. */
const wokenAtOnce = 100;

/**
 * Whether an entry closes a run of previews: it is the message that they were the making of, the turn's end, or tells of
 * the turn that its sandbox is gone, after which nothing comes of them.
 */
export function closesRun({ type, turnId }: Pick<EntryItem, 'type' | 'turnId'>): boolean {
  return type === 'message' || type === 'turn_ended' || (type === 'session' && turnId !== null);
}

export class Feed {
  /** `seq` of the newest entry published. */
  lastSeq: number;
  /** `seq` of the entry before the first item. */
  startSeq: number;
  /** Position of the first item; positions only grow. */
  base = 0;
  readonly #items: FeedItem[] = [];
  readonly #early = new Map<number, EntryItem>();
  readonly #fill: (after: number) => Promise<EntryItem[]>;
  /** Those who have read all there was, longest first. */
  readonly #waiting = new Set<Waiter>();
  readonly #shared = new Map<string, unknown>();
  #waking = false;
  #chars = 0;
  #filling = false;

  /** @param fill reads committed entries from the store; used when an entry was committed by someone who didn't tell */
  constructor(lastSeq: number, fill: (after: number) => Promise<EntryItem[]>) {
    this.lastSeq = lastSeq;
    this.startSeq = lastSeq;
    this.#fill = fill;
  }

  get end(): number {
    return this.base + this.#items.length;
  }

  at(position: number): FeedItem | undefined {
    return this.#items[position - this.base];
  }

  /** Publishes committed entries. Those that come before their predecessors wait for them. */
  publish(entries: readonly EntryItem[]): void {
    for (const entry of entries) if (entry.seq > this.lastSeq) this.#early.set(entry.seq, entry);
    this.#takeEarly();
    if (this.#early.size > 0) this.#fillGap();
  }

  publishPreview(preview: PreviewItem): void {
    this.#push(preview, preview.data.length);
    this.#wake();
  }

  /** Where a reader who has seen everything up to `seq` goes on: at the start of the run that is open there. */
  positionAfter(seq: number): number {
    let position = this.end;
    // The newest entry that the reader has is the last item before the position; from there back to the run's start.
    while (position > this.base) {
      const item = this.at(position - 1);
      if (item?.kind === 'entry' && item.seq <= seq) break;
      position -= 1;
    }
    while (position > this.base) {
      const item = this.at(position - 1);
      if (item?.kind === 'entry' && closesRun(item)) break;
      position -= 1;
    }
    return position;
  }

  /** Resolves when something is published after `position`, or when the waiter's signal fires. */
  async wait(position: number, waiter: Waiter): Promise<void> {
    if (this.end > position) return;
    waiter.position = position;
    this.#waiting.add(waiter);
    await waiter.wait();
    this.#waiting.delete(waiter);
  }

  /** What `make` makes of the live end, made once for all who ask for it by the same name before more is published. */
  shared<T>(name: string, make: () => T): T {
    let made = this.#shared.get(name) as T | undefined;
    if (made === undefined) {
      made = make();
      if (this.#shared.size >= maxShared) this.#shared.clear();
      this.#shared.set(name, made);
    }
    return made;
  }

  #takeEarly(): void {
    for (let next = this.#early.get(this.lastSeq + 1); next; next = this.#early.get(this.lastSeq + 1)) {
      this.#early.delete(next.seq);
      this.lastSeq = next.seq;
      this.#push(next, next.data.length);
    }
    this.#wake();
  }

  /** Reads entries that were committed without anybody telling of them. */
  async catchUp(): Promise<void> {
    this.publish(await this.#fill(this.lastSeq));
  }

  #fillGap(): void {
    if (this.#filling) return;
    this.#filling = true;
    // The missing one is usually a few microtasks away; only if it isn't, the store is asked.
    setImmediate(() => {
      const filled = this.#early.size === 0 ? Promise.resolve() : this.catchUp();
      // When the store is away, the next publication tries again.
      void filled
        .catch(() => undefined)
        .finally(() => {
          this.#filling = false;
        });
    });
  }

  #push(item: FeedItem, chars: number): void {
    this.#items.push(item);
    this.#shared.clear();
    this.#chars += chars;
    if (this.#chars <= maxChars) return;
    let gone = 0;
    // Down to half at a time, so that trimming costs nothing per item.
    while (this.#chars > maxChars / 2 && gone < this.#items.length - 1) {
      const first = this.#items[gone];
      if (first?.kind === 'entry') this.startSeq = first.seq;
      this.#chars -= first?.data.length ?? 0;
      gone += 1;
    }
    this.#items.splice(0, gone);
    this.base += gone;
  }

  #wake(): void {
    if (this.#waking) return;
    let left = wokenAtOnce;
    for (const waiter of this.#waiting) {
      // It has been woken already and has read all; so have those after it.
      if (waiter.position >= this.end) return;
      if (left === 0) {
        this.#waking = true;
        setImmediate(() => {
          this.#waking = false;
          this.#wake();
        });
        return;
      }
      left -= 1;
      this.#waiting.delete(waiter);
      waiter.wake();
    }
  }
}
