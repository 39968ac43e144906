/** Markdown of the guide as HTML: headings can be linked to, links between pages lead to pages, comments are gone. */
import { Marked, type Token } from 'marked';

/** The page's first heading, as text. */
export function titleOf(markdown: string): string {
  return /^# (.+)$/m.exec(markdown)?.[1] ?? 'Guide';
}

/** The page as HTML. Raw HTML in it is shown as text. */
export function renderMarkdown(markdown: string): string {
  const slugs = new Map<string, number>();
  const marked = new Marked({
    gfm: true,
    renderer: {
      heading({ tokens, depth, text }) {
        const slug = slugOf(text, slugs);
        const inner = this.parser.parseInline(tokens);
        return depth === 1
          ? `<h1>${inner}</h1>\n`
          : `<h${depth} id="${slug}"><a href="#${slug}">${inner}</a></h${depth}>\n`;
      },
      code: ({ text }) => `<pre><code>${escaped(text)}</code></pre>\n`,
      html: ({ text }) => (text.trim().startsWith('<!--') ? '' : escaped(text)),
      link({ href, tokens }) {
        const inner = this.parser.parseInline(tokens);
        const target = targetOf(href);
        return target === undefined ? inner : `<a href="${escaped(target)}">${inner}</a>`;
      },
      image: ({ text }) => escaped(text),
      table(token) {
        const cells = (row: typeof token.header, tag: string): string =>
          `<tr>${row.map((cell) => `<${tag}>${this.parser.parseInline(cell.tokens as Token[])}</${tag}>`).join('')}</tr>`;
        const body = token.rows.map((row) => cells(row, 'td')).join('\n');
        return `<div class="wide"><table><thead>${cells(token.header, 'th')}</thead><tbody>${body}</tbody></table></div>\n`;
      },
    },
  });
  return marked.parse(markdown, { async: false });
}

/** Where a link of a page leads on the server; undefined for what only the repository has, and for other sites. */
function targetOf(href: string): string | undefined {
  if (href.startsWith('#') || href.startsWith('/')) return href;
  const page = /^([\w-]+)\.md(#.*)?$/.exec(href);
  if (page === null) return undefined;
  return `/docs/guide${page[1] === 'README' ? '' : `/${page[1]}`}${page[2] ?? ''}`;
}

/** The id of a heading as code hosts make it, so that links work there and here. */
function slugOf(text: string, used: Map<string, number>): string {
  const slug = text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');
  const times = used.get(slug) ?? 0;
  used.set(slug, times + 1);
  return times === 0 ? slug : `${slug}-${times}`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
