/** What a model call asks for, read from its body without trusting it: what parsers disagree about counts as asked for. Pure. */

/** What matters of a call. */
export interface ModelRequest {
  /**
   * The one `model` at the top; undefined when there is none, more than one (parsers differ in which one they take),
   * another spelling of the key, or no text in it.
   */
  model: string | undefined;
  /** Tools that the API itself runs, by their `type`, and `mcp_servers` when there are any: they reach what no proxy sees. */
  serverTools: string[];
}

const quote = 0x22;
const backslash = 0x5c;
/** Types of tools that the client runs. */
const clientTool = /^(?:custom|(?:bash|text_editor|computer|memory)_\d+)$/;

/** Reads a body. */
export function readModelRequest(body: Buffer): ModelRequest {
  /** Keys of the objects that are open; null for an array. */
  const path: (string | null | undefined)[] = [];
  /** For each open object or array, whether a string would be a key now. */
  const wantsKey: boolean[] = [];
  const serverTools: string[] = [];
  let model: string | undefined;
  let models = 0;
  const takeKey = (key: string | undefined): void => {
    path[path.length - 1] = key;
    if (path.length !== 1) return;
    const name = key?.toLowerCase();
    if (name === 'model') models += key === 'model' ? 1 : 2;
    if (name === 'mcp_servers') serverTools.push('mcp_servers');
  };
  const takeValue = (text: string | undefined): void => {
    if (path.length === 1 && path[0] === 'model') model = text;
    const [top, list, field] = path;
    const isType =
      path.length === 3 && top?.toLowerCase() === 'tools' && list === null && field?.toLowerCase() === 'type';
    if (isType && !clientTool.test(text ?? '')) serverTools.push(text ?? '');
  };
  for (let index = 0; index < body.length; index += 1) {
    const last = wantsKey.length - 1;
    switch (body[index]) {
      case quote: {
        const end = endOfString(body, index);
        if (end === -1) return { model: undefined, serverTools };
        // Deeper ones are the conversation.
        const text = path.length <= 3 ? textOf(body, index, end) : undefined;
        if (wantsKey[last]) takeKey(text);
        else takeValue(text);
        index = end;
        break;
      }
      case 0x7b: // {
        path.push(undefined);
        wantsKey.push(true);
        break;
      case 0x5b: // [
        path.push(null);
        wantsKey.push(false);
        break;
      case 0x7d: // }
      case 0x5d: // ]
        path.pop();
        wantsKey.pop();
        break;
      case 0x2c: // ,
        if (last >= 0) wantsKey[last] = path[last] !== null;
        break;
      case 0x3a: // :
        if (last >= 0) wantsKey[last] = false;
        break;
      default:
    }
  }
  return { model: models === 1 ? model : undefined, serverTools };
}

function endOfString(body: Buffer, start: number): number {
  for (let end = body.indexOf(quote, start + 1); end !== -1; end = body.indexOf(quote, end + 1)) {
    let slashes = 0;
    while (body[end - 1 - slashes] === backslash) slashes += 1;
    if (slashes % 2 === 0) return end;
  }
  return -1;
}

/** A short string, with its escapes resolved; a long one is nothing that is looked for. */
function textOf(body: Buffer, start: number, end: number): string | undefined {
  if (end - start > 1024) return undefined;
  try {
    return JSON.parse(body.toString('utf8', start, end + 1)) as string;
  } catch {
    return undefined;
  }
}
