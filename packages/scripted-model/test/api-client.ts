// Calls the scripted model over HTTP as a client of the Messages API does.

/** An event of a stream. */
export interface StreamedEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** Posts a conversation; a string is one user message. */
export function post(url: string, messages: unknown, more: object = {}, headers: Record<string, string> = {}) {
  const body = {
    model: 'claude-test',
    max_tokens: 100,
    messages: typeof messages === 'string' ? [{ role: 'user', content: messages }] : messages,
    ...more,
  };
  return fetch(`${url}/v1/messages?beta=true`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

/** The events of a streamed answer. */
export async function eventsOf(response: Response): Promise<StreamedEvent[]> {
  return parseEvents(await response.text());
}

/** The events of a stream that breaks, as far as they came. */
export async function eventsUntilCut(response: Response): Promise<{ events: StreamedEvent[]; cut: boolean }> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true });
    return { events: parseEvents(text), cut: false };
  } catch {
    return { events: parseEvents(text), cut: true };
  }
}

/** The fragments of text of the text deltas. */
export function textDeltas(events: readonly StreamedEvent[]): string[] {
  return events.flatMap((event) => {
    const delta = event.delta as { text?: string } | undefined;
    return event.type === 'content_block_delta' && delta?.text !== undefined ? [delta.text] : [];
  });
}

/** The error of a body in the shape of the API. */
export async function errorOf(response: Response): Promise<{ status: number; type: string; message: string }> {
  const body = (await response.json()) as { type: string; error: { type: string; message: string } };
  if (body.type !== 'error') throw new Error('The body is no API error.');
  return { status: response.status, ...body.error };
}

function parseEvents(text: string): StreamedEvent[] {
  const whole = text.slice(0, text.lastIndexOf('\n\n') + 2);
  return whole
    .split('\n\n')
    .filter((block) => block !== '')
    .map((block) => {
      const [first, second] = block.split('\n');
      const event = JSON.parse(second?.replace(/^data: /, '') ?? '') as StreamedEvent;
      if (first !== `event: ${event.type}`) throw new Error(`The event's name is not its type: ${block}`);
      return event;
    });
}
