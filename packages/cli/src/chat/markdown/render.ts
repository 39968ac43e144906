/** Markdown as lines of a terminal. */
import { lexer, type Token, type Tokens } from 'marked';
import { fold, type Line, prefixed, type Span, span, wrap } from '../screen/line.ts';
import { codeSpans } from './code.ts';
import { inline } from './inline.ts';
import { type Look, styles } from './look.ts';
import { tableLines } from './table.ts';

/** Prose wider than this is hard to read; code and tables use the whole width. */
const widestProse = 100;

/** The lines of a Markdown text. */
export function markdownLines(text: string, width: number, look: Look): Line[] {
  return blocks(lexer(text), width, look);
}

function blocks(tokens: readonly Token[], width: number, look: Look, tight = false): Line[] {
  const lines: Line[] = [];
  for (const token of tokens) {
    const own = blockLines(token, width, look);
    if (own.length === 0) continue;
    if (lines.length > 0 && !tight) lines.push([]);
    lines.push(...own);
  }
  return lines;
}

function blockLines(token: Token, width: number, look: Look): Line[] {
  const room = Math.min(width, widestProse);
  switch (token.type) {
    case 'space':
    case 'def':
      return [];
    case 'heading': {
      const marks = look.styled ? [] : [span(`${'#'.repeat(token.depth)} `)];
      const style = token.depth <= 2 ? styles.heading : styles.strong;
      return wrap([...marks, ...inline(token.tokens, look, style)], room);
    }
    case 'code':
      return [
        ...codeLabel(token.lang ?? '', look),
        ...token.text.split('\n').flatMap((line: string) => codeLine(line, token.lang ?? '', width)),
      ];
    case 'blockquote':
      return quoted(blocks(token.tokens ?? [], width - 2, look));
    case 'list':
      return listLines(token as Tokens.List, width, look);
    case 'table':
      return tableLines(token as Tokens.Table, width, look);
    case 'hr':
      return [[span('─'.repeat(Math.min(room, 40)), styles.quiet)]];
    case 'html':
      return wrap([span(token.raw.trimEnd())], room);
    case 'paragraph':
    case 'text':
      return wrap(inline(token.tokens ?? [token], look), room);
    default:
      return wrap([span(token.raw.trimEnd())], room);
  }
}

function quoted(lines: readonly Line[]): Line[] {
  const bar = [span('│ ', styles.quiet)];
  return prefixed(lines, bar, bar);
}

function listLines(list: Tokens.List, width: number, look: Look): Line[] {
  const start = typeof list.start === 'number' ? list.start : 1;
  const digits = String(start + list.items.length - 1).length;
  return list.items.flatMap((item, at) => {
    const number = `${String(start + at).padStart(digits)}. `;
    const mark = item.task ? (item.checked ? '☑ ' : '☐ ') : list.ordered ? number : '• ';
    const tokens = item.tokens.filter(({ type }) => type !== 'checkbox');
    const inner = blocks(tokens, width - mark.length, look, !item.loose);
    const lines = indented(inner.length === 0 ? [[]] : inner, span(mark, styles.quiet), mark.length);
    return list.loose && at > 0 ? [[], ...lines] : lines;
  });
}

function indented(lines: readonly Line[], mark: Span, columns: number): Line[] {
  const indent = span(' '.repeat(columns));
  return lines.map((line, at) => (at === 0 ? [mark, ...line] : line.length === 0 ? [] : [indent, ...line]));
}

/** The line above a block of code that names its language. */
export function codeLabel(language: string, look: Look): Line[] {
  const name = language.trim().split(/\s+/)[0] ?? '';
  if (look.styled && name === '') return [];
  return [[span(`  ${look.styled ? '' : '```'}${name}`, styles.quiet)]];
}

/** One line of code, indented; what is too long goes on below. */
export function codeLine(line: string, language: string, width: number): Line[] {
  if (line === '') return [[]];
  const indent = [span('  ')];
  return prefixed(fold(codeSpans(line, language.trim().split(/\s+/)[0] ?? ''), width - 2), indent, indent);
}
