/** The API reference as one page of HTML, made from the OpenAPI document. It loads nothing and runs nothing. */
import { type ErrorCode, errorTable } from '@ash-ai/shared';
import type { OpenApiDocument } from '../openapi-document.ts';
import { Html, html } from './html.ts';
import { operationSection } from './operation.ts';
import { policyOf } from './policy.ts';
import { propertyTable } from './schema-table.ts';
import { style } from './style.ts';

/** What the page may load: its own style, by hash. */
export const pagePolicy = policyOf(style);

/** The page of a document. */
export function docsPage(document: OpenApiDocument): string {
  const { title, version, description } = document.info;
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const groups = document.tags.map(({ name }) => ({
    name,
    operations: operations.filter(({ operation }) => operation.tags.includes(name)),
  }));
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${new Html(style)}</style>
</head>
<body>
<nav aria-label="Contents">
<p class="brand"><a href="#top">${title}</a> <small>${version}</small></p>
${groups.map(
  (group) =>
    html`<h2>${group.name}</h2><ul>${group.operations.map(
      ({ method, operation }) =>
        html`<li><a href="#${operation.operationId}"><b class="method ${method}">${method.toUpperCase()}</b> ${operation.summary}</a></li>`,
    )}</ul>`,
)}
<h2>reference</h2><ul><li><a href="/docs/guide">Guide</a></li><li><a href="#schemas">Schemas</a></li><li><a href="#errors">Error codes</a></li></ul>
</nav>
<main id="top">
<h1>${title}</h1>
<p>${description}</p>
<p>The same as an OpenAPI 3.1 document: <a href="/docs/json">/docs/json</a>. How things fit together is in the
<a href="/docs/guide">guide</a>.</p>
<h2>Start here</h2>
<p>Send your key with every request. A server writes its first key to <code>initial-api-key</code> in its data folder.</p>
<pre><code>export ASH_API_KEY=ash_…
curl ${document.servers[0]?.url}/api/agents -H "Authorization: Bearer $ASH_API_KEY"</code></pre>
<p>Deploy an <a href="#deployAgent">agent</a>, open a <a href="#createSession">session</a> with it, and
<a href="#sendMessage">send messages</a>: each answer is a stream of events. Closing a stream stops nothing;
<a href="#followSession">follow the session</a> from the id of the last event that you saw.</p>
${groups.map((group) => html`<h2>${group.name}</h2>${group.operations.map(({ method, path, operation }) => operationSection(document, method, path, operation))}`)}
<h2 id="schemas">Schemas</h2>
${Object.entries(document.components.schemas).map(
  ([name, schema]) =>
    html`<section id="schema-${name}"><h3><a href="#schema-${name}">${name}</a></h3>${propertyTable(schema)}</section>`,
)}
<h2 id="errors">Error codes</h2>
${errorCodes()}
</main>
</body>
</html>
`.text;
}

function errorCodes(): Html {
  const rows = (Object.keys(errorTable) as ErrorCode[]).map((code) => {
    const { status, retryable, suggestion } = errorTable[code] as {
      status: number;
      retryable: boolean;
      suggestion?: string;
    };
    return html`<tr id="code-${code}"><td><code>${code}</code></td><td>${status}</td><td>${suggestion}${retryable ? html` <small>may succeed when tried again</small>` : undefined}</td></tr>`;
  });
  return html`<div class="wide"><table><thead><tr><th>Code</th><th>Status</th><th>What to do</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}
