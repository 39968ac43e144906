/** How the parts of a conversation look beside the agent's own text. */

import { cutTo } from '../../output/width.ts';
import { harmless } from '../screen/harmless.ts';
import { type Block, type Line, lineWidth, prefixed, type Span, type Style, span, wrap } from '../screen/line.ts';
import { amount, duration } from './tool-words.ts';

const dim: Style = { dim: true };

/** What the user said. */
export function userBlock(text: string): Block {
  const shown = harmless(text).trimEnd();
  return (width) =>
    prefixed(
      wrap([span(shown, { bold: true })], Math.min(width, 100) - 2),
      [span('› ', { colour: 'cyan' })],
      [span('  ')],
    );
}

/** A remark of the chat itself. */
export function noteBlock(text: string, style: Style = dim): Block {
  return (width) => wrap([span(harmless(text), style)], Math.min(width, 100));
}

/** Text as it is, every line kept. */
export function rawBlock(text: string, most = 200): Block {
  const lines = harmless(text).trimEnd().split('\n');
  const left = lines.length - most;
  const shown = left > 0 ? [...lines.slice(0, most), `… ${left} more lines`] : lines;
  return (width) =>
    prefixed(
      shown.flatMap((line) => wrap([span(line, dim)], width - 4)),
      [span('  │ ', dim)],
      [span('  │ ', dim)],
    );
}

export interface ToolCall {
  name: string;
  subject: string;
  startedAtMs: number;
  /** Calls that a subagent made on behalf of this one. */
  steps: number;
}

export interface ToolResult {
  text: string;
  isError: boolean;
  tookMs: number;
}

/** A tool call on one line: running behind a spinner, or done with what came of it. */
export function toolLine(call: ToolCall, width: number, done: ToolResult | { spinner: string; nowMs: number }): Line {
  const running = 'spinner' in done;
  const mark = running
    ? span(`${done.spinner} `, { colour: 'cyan' })
    : done.isError
      ? span('✗ ', { colour: 'red' })
      : span('✓ ', { colour: 'green' });
  const steps = call.steps > 0 ? `${call.steps} ${call.steps === 1 ? 'step' : 'steps'}` : undefined;
  const took = duration(running ? done.nowMs - call.startedAtMs : done.tookMs);
  const outcome = running ? undefined : done.isError ? firstLine(done.text) : amount(done.text);
  const tail = [steps, took, outcome].filter((part) => part !== undefined && part !== '').join(' · ');
  const end: Span[] = tail === '' ? [] : [span(`  ${cutTo(tail, Math.max(10, width >> 1))}`, dim)];
  const name = span(`${cutTo(call.name, width >> 1)} `, { bold: true });
  const room = Math.min(width, 120) - 1 - lineWidth([mark, name, ...end]);
  return [mark, name, ...(room > 3 ? [span(cutTo(call.subject, room))] : []), ...end];
}

function firstLine(text: string): string {
  return (
    harmless(text.replace(/^<tool_use_error>|<\/tool_use_error>$/g, ''))
      .trim()
      .split('\n')[0] ?? ''
  );
}
