/** Text within a paragraph, a heading or a cell: emphasis, code, links. */
import type { Token, Tokens } from 'marked';
import { type Span, type Style, span } from '../screen/line.ts';
import { type Look, styles } from './look.ts';

/** The spans of inline tokens. */
export function inline(tokens: readonly Token[] | undefined, look: Look, style: Style = {}): Span[] {
  return (tokens ?? []).flatMap((token) => spansOf(token, look, style));
}

function spansOf(token: Token, look: Look, style: Style): Span[] {
  const within = (more: Style, inner = 'tokens' in token ? token.tokens : undefined) =>
    inline(inner, look, { ...style, ...more });
  switch (token.type) {
    case 'strong':
      return within(styles.strong);
    case 'em':
      return within(styles.emphasis);
    case 'del':
      return within(styles.strike);
    case 'codespan':
      return [span(look.styled ? plain(token.text) : `\`${plain(token.text)}\``, { ...style, ...styles.code })];
    case 'link':
      return linkSpans(token as Tokens.Link, look, style);
    case 'image':
      return [span(token.text === '' ? token.href : `${token.text} (${token.href})`, { ...style, ...styles.link })];
    case 'br':
      return [span('\n')];
    case 'checkbox':
      return [];
    case 'text':
    case 'escape':
      if ('tokens' in token && token.tokens !== undefined) return within({});
      return [span(plain(token.text).replaceAll('\n', ' '), style)];
    default:
      return [span(plain(token.raw).replaceAll('\n', ' '), style)];
  }
}

/** The address stands beside the text: a terminal's reader should see where a link leads. */
function linkSpans(token: Tokens.Link, look: Look, style: Style): Span[] {
  const text = inline(token.tokens, look, { ...style, ...styles.link });
  const shown = text.map(({ text }) => text).join('');
  if (shown === token.href || `mailto:${shown}` === token.href) return text;
  return [...text, span(` (${token.href})`, { ...style, ...styles.quiet })];
}

/** Entities that the lexer leaves for the writer of HTML. */
function plain(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (entity, name: string) => entities[name] ?? entity);
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
