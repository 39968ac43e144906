/** What the HTTP room asks of a logger; a pino logger is one. */
export interface HttpLog {
  error(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
}

export const silentLog: HttpLog = { error: () => undefined, warn: () => undefined };
