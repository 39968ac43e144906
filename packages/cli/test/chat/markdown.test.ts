import fc from 'fast-check';
import { expect, test } from 'vitest';
import { markdownLines } from '../../src/chat/markdown/render.ts';
import { MarkdownStream } from '../../src/chat/markdown/stream.ts';
import { type Block, lineText, lineWidth } from '../../src/chat/screen/line.ts';

const sample = `# Title

A paragraph with **bold**, *slanted*, \`code\` and [a link](https://example.org/x).
It goes on 日本語のテキストが続きます and on 👩‍👩‍👧‍👦 until it has to be wrapped somewhere.

- one
- two
  - inner
- three

1. first

2. second

   more of it

> quoted
> text

| name | size | what it is |
| --- | ---: | --- |
| a | 1 | short |
| 日本 | 22 | a much longer cell that needs more room than there is on a narrow terminal |

\`\`\`ts
const x: string = "hi"; // why
for (;;) {}

\`\`\`
Right below.
***
- [x] done
- [ ] open

\`\`\`
no language
`;

function streamed(pieces: readonly string[], width: number, styled: boolean): string[] {
  const stream = new MarkdownStream({ styled });
  const blocks: Block[] = [...pieces.flatMap((piece) => stream.push(piece)), ...stream.finish()];
  return blocks.flatMap((block) => block(width)).map(lineText);
}

test('how the text was cut makes no difference', () => {
  const whole = streamed([sample], 60, false);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sizes) => {
      const pieces: string[] = [];
      for (let at = 0, turn = 0; at < sample.length; turn++) {
        const size = sizes[turn % sizes.length] ?? 1;
        pieces.push(sample.slice(at, at + size));
        at += size;
      }
      expect(streamed(pieces, 60, false)).toEqual(whole);
    }),
    { numRuns: 60 },
  );
});

test.for([20, 40, 80, 200])('no line is wider than the terminal (%i)', (width) => {
  const lines = markdownLines(sample, width, { styled: true });
  expect(Math.max(...lines.map(lineWidth))).toBeLessThanOrEqual(width);
  expect(
    markdownLines(`${'x'.repeat(500)} ${'界'.repeat(300)}`, width, { styled: true }).every(
      (line) => lineWidth(line) <= width,
    ),
  ).toBe(true);
});

test('what it looks like at 60 columns without colours', () => {
  expect(`\n${streamed([sample], 60, false).join('\n')}\n`).toMatchInlineSnapshot(`
    "
    # Title

    A paragraph with bold, slanted, \`code\` and a link
    (https://example.org/x). It goes on 日本語のテキストが続きま
    す and on 👩‍👩‍👧‍👦 until it has to be wrapped somewhere.

    • one
    • two
      • inner
    • three

    1. first

    2. second

       more of it

    │ quoted text

    name │ size │ what it is
    ─────┼──────┼───────────────────────────────────────────────
    a    │    1 │ short
    日本 │   22 │ a much longer cell that needs more room than
         │      │ there is on a narrow terminal

      \`\`\`ts
      const x: string = "hi"; // why
      for (;;) {}

      \`\`\`

    Right below.

    ────────────────────────────────────────

    ☑ done
    ☐ open

      \`\`\`
      no language
      \`\`\`
    "
  `);
});

test('finished blocks come once and early; a list item by item, code line by line', () => {
  const stream = new MarkdownStream({ styled: true });
  const shown = (blocks: Block[]) => blocks.flatMap((block) => block(40)).map(lineText);
  expect(shown(stream.push('Hello *wor'))).toEqual([]);
  expect(stream.open(40).map(lineText)).toEqual(['Hello *wor']);
  expect(shown(stream.push('ld*\n\n- a\n- b'))).toEqual(['Hello world', '', '• a']);
  expect(stream.open(40).map(lineText)).toEqual(['• b']);
  expect(shown(stream.push('\n```js\nlet a = 1;\nlet'))).toEqual(['• b', '', '  js', '  let a = 1;']);
  expect(stream.open(40).map(lineText)).toEqual(['  let']);
  expect(shown(stream.push(' b\n```\nEnd'))).toEqual(['  let b']);
  expect(shown(stream.finish())).toEqual(['', 'End']);
});
