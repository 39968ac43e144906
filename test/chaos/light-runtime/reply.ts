/** A reply of the model as its events make it, block by block. */
import type { Json } from './frames.ts';
import type { Line } from './transcript.ts';

export class Reply {
  /** The message, but for its content. */
  message: Json = {};
  stopReason: string | null = null;
  text = '';
  readonly calls: Json[] = [];
  /** What goes into the transcript when the reply is whole: only then its end is known. */
  readonly lines: Line[] = [];
  #block: Json = {};
  #input = '';
  #whole: Json | undefined;

  /** @returns the block that was whole before this event */
  take(event: Json): Json | undefined {
    const whole = this.#whole;
    this.#whole = undefined;
    this.#add(event);
    return whole;
  }

  #add(event: Json): void {
    switch (event.type) {
      case 'message_start': {
        const { content: _content, ...message } = event.message as Json;
        this.message = message;
        return;
      }
      case 'content_block_start':
        this.#block = { ...event.content_block };
        this.#input = '';
        return;
      case 'content_block_delta':
        if (event.delta.type === 'text_delta') this.#block.text += event.delta.text;
        if (event.delta.type === 'input_json_delta') this.#input += event.delta.partial_json;
        return;
      case 'content_block_stop':
        if (this.#block.type === 'tool_use') {
          this.#block.input = JSON.parse(this.#input === '' ? '{}' : this.#input);
          this.calls.push(this.#block);
        } else this.text += this.#block.text ?? '';
        this.#whole = this.#block;
        return;
      case 'message_delta':
        this.stopReason = event.delta.stop_reason;
        return;
      default:
    }
  }
}
