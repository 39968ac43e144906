/** One operation of the reference: what it takes, what it answers, how it fails, how to call it. */
import { type ErrorCode, errorTable } from '@ash-ai/shared';
import type { OpenApiDocument, Operation } from '../openapi-document.ts';
import { Html, html } from './html.ts';
import { curlOf, nameOf, resolved, sampleOf } from './sample.ts';
import { parameterTable, propertyTable } from './schema-table.ts';

/** The section of an operation. */
export function operationSection(document: OpenApiDocument, method: string, path: string, operation: Operation): Html {
  const body = operation.requestBody?.content['application/json'];
  return html`<section class="operation" id="${operation.operationId}">
<h3><a href="#${operation.operationId}">${operation.summary}</a></h3>
<p class="route"><b class="method ${method}">${method.toUpperCase()}</b> <code>${breakable(path)}</code>${
    operation.security?.length === 0 ? html` <small>no key needed</small>` : undefined
  }</p>
${operation.parameters === undefined ? undefined : html`<h4>Parameters</h4>${parameterTable(operation.parameters)}`}
${
  body === undefined
    ? undefined
    : html`<h4>Body ${link(nameOf(body.schema))}</h4>${propertyTable(resolved(document, body.schema))}`
}
<h4>Example</h4><pre><code>${curlOf(document, method, path, operation)}</code></pre>
${answers(document, operation)}
${failures(operation)}
</section>`;
}

function link(name: string | undefined): Html | undefined {
  return name === undefined ? undefined : html`<a href="#schema-${name}">${name}</a>`;
}

function answers(document: OpenApiDocument, operation: Operation): Html[] {
  return Object.entries(operation.responses)
    .filter(([status]) => Number(status) < 300)
    .map(([status, { content, description }]) => {
      const json = content?.['application/json'];
      const stream = content?.['text/event-stream'];
      const example = json === undefined ? stream?.example : JSON.stringify(sampleOf(document, json.schema), null, 2);
      return html`<h4>Answer <span class="status">${status}</span></h4>${
        stream === undefined ? undefined : html`<p>${description}</p>`
      }${example === undefined ? undefined : html`<details><summary>Show it</summary><pre><code>${String(example)}</code></pre></details>`}`;
    });
}

function failures(operation: Operation): Html {
  const rows = Object.entries(operation.responses).flatMap(([status, response]) =>
    (response['x-error-codes'] ?? []).map((code) => {
      const { retryable } = errorTable[code as ErrorCode];
      return html`<tr><td>${status}</td><td><a href="#code-${code}"><code>${code}</code></a></td><td>${retryable ? 'may succeed when tried again' : ''}</td></tr>`;
    }),
  );
  return html`<details><summary>Errors</summary><div class="wide"><table><tbody>${rows}</tbody></table></div></details>`;
}

/** Lets a browser break a long path after its slashes. */
function breakable(path: string): Html {
  return new Html(
    path
      .split('/')
      .map((part) => html`${part}`.text)
      .join('/<wbr>'),
  );
}
