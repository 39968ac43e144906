/** What a runtime says, as lines that are bounded in length and rate. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LogLines } from '../src/log-lines.ts';

function listening(): { lines: string[]; log: LogLines; clock: { ms: number } } {
  const lines: string[] = [];
  const clock = { ms: 0 };
  return {
    lines,
    clock,
    log: new LogLines(
      (line) => lines.push(line),
      () => clock.ms,
    ),
  };
}

test('lines come as they were said, however they are cut', () => {
  const said = fc.array(
    fc.string({ unit: 'binary' }).map((text) => text.replace(/[\r\n]/g, '')),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(said, fc.array(fc.nat(30)), (expected, cuts) => {
      const { lines, log } = listening();
      const bytes = Buffer.from(expected.map((line) => `${line}\n`).join(''));
      let at = 0;
      for (const cut of cuts) {
        log.push(bytes.subarray(at, at + cut));
        at += cut;
      }
      log.push(bytes.subarray(at));
      log.end();
      expect(lines).toEqual(expected.map((line) => Buffer.from(line).toString()));
    }),
  );
});

test('the last line needs no end, and one that never ends is cut', () => {
  const { lines, log } = listening();
  for (let chunk = 0; chunk < 100; chunk++) log.push(Buffer.alloc(10_000, 'x'));
  log.push(Buffer.from('\nlast'));
  log.end();
  log.end();
  expect(lines.map((line) => line.length)).toEqual([8_193, 4]);
});

test('a flood is cut, and told of', () => {
  const { lines, log, clock } = listening();
  log.push(Buffer.from('x\n'.repeat(10_000)));
  expect(lines).toHaveLength(2_000);
  clock.ms = 1_000;
  log.push(Buffer.from('y\n'.repeat(300)));
  expect(lines.slice(2_000, 2_002)).toEqual(['… 8000 lines left out', 'y']);
  expect(lines).toHaveLength(2_201);
});
