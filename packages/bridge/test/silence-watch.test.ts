import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { SilenceWatch } from '../src/silence-watch.ts';

let calling: boolean;
let done: string[];
let watch: SilenceWatch;

beforeEach(() => {
  vi.useFakeTimers();
  calling = false;
  done = [];
  watch = new SilenceWatch({
    calling: () => calling,
    tell: () => done.push('told'),
    giveUp: () => done.push('given up'),
  });
});
afterEach(() => {
  watch.end();
  vi.useRealTimers();
});

it('tells a silent runtime once to go on, and then gives it up', () => {
  watch.expect();
  watch.begin();
  vi.advanceTimersByTime(29_999);
  expect(done).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(done).toEqual(['told']);
  vi.advanceTimersByTime(30_000);
  expect(done).toEqual(['told', 'given up']);
  vi.advanceTimersByTime(600_000);
  expect(done).toHaveLength(2);
});

it('has nothing to say once something was heard, before or after it told', () => {
  watch.expect();
  watch.begin();
  vi.advanceTimersByTime(20_000);
  watch.hear({ type: 'system', subtype: 'init' });
  watch.begin();
  vi.advanceTimersByTime(600_000);
  expect(done).toEqual([]);
  watch.expect();
  watch.begin();
  vi.advanceTimersByTime(30_000);
  watch.hear({ type: 'stream_event' });
  vi.advanceTimersByTime(600_000);
  expect(done).toEqual(['told']);
});

it('waits for a model call that is under way, however long it takes', () => {
  watch.expect();
  watch.begin();
  calling = true;
  vi.advanceTimersByTime(600_000);
  expect(done).toEqual([]);
  calling = false;
  vi.advanceTimersByTime(30_000);
  expect(done).toEqual(['told']);
});

it('a prompt that is put aside is silence; the word that follows a result is not', () => {
  watch.expect();
  watch.hear({ type: 'command_lifecycle', state: 'queued' });
  vi.advanceTimersByTime(600_000);
  expect(done).toEqual([]);
  watch.hear({ type: 'command_lifecycle', state: 'completed' });
  vi.advanceTimersByTime(30_000);
  expect(done).toEqual(['told']);
  done = [];
  watch.expect();
  watch.hear({ type: 'result' });
  watch.hear({ type: 'command_lifecycle', state: 'completed' });
  vi.advanceTimersByTime(600_000);
  expect(done).toEqual([]);
});
