/** Lines of code in light colours: words, strings, numbers and comments, without knowing any language for sure. */
import { type Span, span } from '../screen/line.ts';

const keywords = new Set(
  `abstract and as assert async await begin break case catch class const continue def default defer delete do done elif
  else end enum except export extends extern False false finally fn for from func function go if impl implements import
  in instanceof interface is lambda let loop match mod module mut new nil None not null of or package pass private
  protected pub public raise readonly return self static struct super switch then this throw trait True true try type
  typeof undefined union unless until use using var void where while with yield
  SELECT FROM WHERE INSERT INTO VALUES UPDATE SET DELETE JOIN LEFT RIGHT INNER ON GROUP ORDER BY LIMIT CREATE TABLE AND OR NOT NULL`.split(
    /\s+/,
  ),
);

const hashComments =
  /^(py|python|sh|bash|zsh|shell|console|rb|ruby|yaml|yml|toml|ini|conf|dockerfile|make|makefile|r|perl|elixir|nix)$/;
const dashComments = /^(sql|lua|haskell|hs|ada|elm)$/;
const noCode = /^(text|txt|plain|output|log|md|markdown|csv|)$/;

/** One line of code. `language` is what stands behind the fence. */
export function codeSpans(line: string, language: string): Span[] {
  const name = language.toLowerCase();
  if (noCode.test(name)) return [span(line)];
  if (/^(diff|patch)$/.test(name)) return [diffSpan(line)];
  const comment = hashComments.test(name)
    ? '(?<![^\\s])#.*'
    : dashComments.test(name)
      ? '--.*'
      : '//.*|/\\*.*?(?:\\*/|$)';
  const token = new RegExp(
    `(?<comment>${comment})|(?<string>"(?:\\\\.|[^"\\\\])*"?|'(?:\\\\.|[^'\\\\])*'|\`(?:\\\\.|[^\`\\\\])*\`?)` +
      `|(?<number>\\b\\d[\\w.]*\\b)|(?<word>[A-Za-z_][\\w]*)`,
    'g',
  );
  const spans: Span[] = [];
  let at = 0;
  for (const match of line.matchAll(token)) {
    const { comment, string, number, word } = match.groups ?? {};
    const coloured = comment ?? string ?? number ?? (word !== undefined && keywords.has(word) ? word : undefined);
    if (coloured === undefined) continue;
    if (match.index > at) spans.push(span(line.slice(at, match.index)));
    at = match.index + coloured.length;
    if (comment !== undefined) spans.push(span(coloured, { dim: true }));
    else
      spans.push(
        span(coloured, { colour: string !== undefined ? 'green' : number !== undefined ? 'yellow' : 'magenta' }),
      );
  }
  if (at < line.length || spans.length === 0) spans.push(span(line.slice(at)));
  return spans;
}

function diffSpan(line: string): Span {
  if (line.startsWith('+')) return span(line, { colour: 'green' });
  if (line.startsWith('-')) return span(line, { colour: 'red' });
  return line.startsWith('@@') ? span(line, { colour: 'cyan' }) : span(line);
}
