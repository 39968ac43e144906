/** A variable of the server's environment, as the table and the documentation have it. */
import type { z } from 'zod';

export interface Variable {
  name: string;
  /** What is taken when it is unset or empty, as it would be written; absent when there is none. */
  default?: string;
  meaning: string;
  /** Whether its value must never be shown. */
  secret?: true;
  schema: z.ZodType<unknown, string>;
}
