/** The page: sends messages, shows the answer as it comes, and finds its conversation again after a reload. */
import { AshClient, extractStreamDelta, extractTextFromEvent } from '@ash-ai/sdk';

// The page's own server passes these calls on; no key is here.
const client = new AshClient({ serverUrl: '/ash' });
const talk = element('talk', HTMLOListElement);
const form = element('form', HTMLFormElement);
const text = element('text', HTMLInputElement);
const send = element('send', HTMLButtonElement);
const stop = element('stop', HTMLButtonElement);

const { id } = (await (await fetch('/session', { method: 'POST' })).json()) as { id: string };
for (const { role, content } of await client.listMessages(id)) {
  const said = JSON.parse(content) as Record<string, unknown>;
  const words = role === 'user' ? String(said.content) : extractTextFromEvent(said);
  if (words !== null) show(role, words);
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const message = text.value.trim();
  text.value = '';
  if (message !== '') ask(message).catch((error: unknown) => show('failure', String(error)));
});
stop.addEventListener('click', () => client.interruptSession(id));
document.body.dataset.ready = 'true';

async function ask(message: string): Promise<void> {
  show('user', message);
  working(true);
  try {
    let answer: HTMLLIElement | undefined;
    for await (const event of client.sendMessageStream(id, message, { includePartialMessages: true })) {
      if (event.type === 'message') {
        const delta = extractStreamDelta(event.data);
        if (delta === null) continue;
        answer ??= show('assistant', '');
        answer.textContent += delta;
      } else if (event.type === 'tool_use') {
        show('tool', `uses ${event.data.name} …`);
        answer = undefined;
      } else if (event.type === 'error') show('failure', event.data.error);
    }
  } finally {
    working(false);
  }
}

function working(is: boolean): void {
  send.disabled = is;
  stop.hidden = !is;
  document.body.dataset.working = String(is);
}

/** What an agent says is text, never HTML. */
function show(kind: string, said: string): HTMLLIElement {
  const item = document.createElement('li');
  item.className = kind;
  item.textContent = said;
  talk.append(item);
  return item;
}

function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`no ${id}`);
  return found;
}
