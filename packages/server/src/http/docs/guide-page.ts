/** One page of the guide as HTML, with the list of all pages beside it. It loads nothing and runs nothing. */
import { Html, html } from './html.ts';
import { renderMarkdown, titleOf } from './markdown.ts';
import { policyOf } from './policy.ts';
import { style } from './style.ts';

const guideStyle = `${style}
main{max-width:52rem}
nav li a{display:block}
nav a[aria-current]{color:var(--link);font-weight:650}
main :is(p,li){overflow-wrap:anywhere}
main li+li{margin-top:.25rem}
main p code,main li code,td code{padding:.1em .3em;border-radius:4px;background:var(--tint)}
main h2 a,main h3 a{color:inherit}
main table{margin:.75rem 0}
td:first-child{white-space:normal}
.turn{display:flex;justify-content:space-between;gap:1rem;margin-top:4rem;padding-top:1rem;border-top:1px solid var(--line)}
.contents{display:none;margin:0 0 1.5rem;font-size:.875rem}
@media (max-width:56rem){body{display:flex;flex-direction:column}main{order:-1;width:100%}nav{max-height:none;padding:1rem 1.25rem 3rem;border:0;border-top:1px solid var(--line)}.contents{display:block}}
`;

export const guidePolicy = policyOf(guideStyle);

interface Linked {
  title: string;
  name: string;
}

/** @param given.index the Markdown of the list of pages, which is itself the page `README` */
export function guidePage(given: { name: string; text: string; index: string; version: string }): string {
  const groups = groupsOf(given.index);
  const all = groups.flatMap(({ pages }) => pages);
  const at = all.findIndex(({ name }) => name === given.name);
  const [before, after] = [all[at - 1], at === -1 ? all[0] : all[at + 1]];
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${titleOf(given.text)} · Ash</title>
<link rel="icon" href="data:,">
<style>${new Html(guideStyle)}</style>
</head>
<body>
<nav aria-label="Pages" id="pages">
<p class="brand"><a href="/docs/guide">Ash</a> <small>${given.version}</small></p>
${groups.map(
  (group) =>
    html`<h2>${group.title}</h2><ul>${group.pages.map(
      ({ title, name }) =>
        html`<li><a href="/docs/guide/${name}"${name === given.name ? new Html(' aria-current="page"') : undefined}>${title}</a></li>`,
    )}</ul>`,
)}
<h2>On this server</h2><ul><li><a href="/docs">API of this server</a></li><li><a href="/docs/json">OpenAPI document</a></li><li><a href="/llms.txt">llms.txt</a></li></ul>
</nav>
<main id="top">
<p class="contents"><a href="/docs/guide">Ash</a> · <a href="#pages">all pages</a></p>
${new Html(renderMarkdown(given.text))}
<p class="turn"><span>${turnTo(before, '← ', '')}</span><span>${turnTo(after, '', ' →')}</span></p>
</main>
</body>
</html>
`.text;
}

function turnTo(page: Linked | undefined, before: string, after: string): Html | undefined {
  return page && html`<a href="/docs/guide/${page.name}">${before}${page.title}${after}</a>`;
}

/** The headings of the index and the pages below them. */
function groupsOf(index: string): { title: string; pages: Linked[] }[] {
  const groups: { title: string; pages: Linked[] }[] = [];
  for (const line of index.split('\n')) {
    const title = /^## (.+)$/.exec(line)?.[1];
    if (title !== undefined) groups.push({ title, pages: [] });
    const [, name, page] = /^- \[([^\]]+)\]\(([\w-]+)\.md\)/.exec(line) ?? [];
    if (name !== undefined && page !== undefined) groups.at(-1)?.pages.push({ title: name, name: page });
  }
  return groups;
}
