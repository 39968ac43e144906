/** Answers to what isn't HTTP: there is no request to speak of, only a socket. */
import type { Socket } from 'node:net';
import { type ErrorBody, errors, newId } from '@ash-ai/shared';

const malformed: Record<string, [number, string]> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout'],
};

/** Answers with a coded error, of the status that Node's parser gives reason for, and hangs up. */
export function refuseMalformed(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const [statusCode, line] = malformed[error.code ?? ''] ?? [400, 'Bad Request'];
  const body: ErrorBody = errors.validation_failed({ reason: `Malformed HTTP request: ${line}` }).toBody(newId());
  const text = JSON.stringify({ ...body, statusCode });
  socket.end(
    `HTTP/1.1 ${statusCode} ${line}\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(text)}\r\nX-Request-Id: ${body.requestId}\r\nConnection: close\r\n\r\n${text}`,
  );
}
