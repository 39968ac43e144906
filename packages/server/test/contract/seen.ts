/** Which fields of a schema answers have had: one that never comes is a promise that nobody keeps. */
import { z } from 'zod';

/** Answers by what they are of: a route, or a schema that has a name and so is one thing in many answers. */
export class Seen {
  readonly #named = new Map<string, { schema: z.core.$ZodType; values: unknown[] }>();
  readonly #ofRoutes = new Map<string, { schema: z.core.$ZodType; values: unknown[] }>();

  note(route: string, schema: z.core.$ZodType, answer: unknown): void {
    const known = this.#ofRoutes.get(route) ?? { schema, values: [] };
    known.values.push(answer);
    this.#ofRoutes.set(route, known);
  }

  /** Where no value ever stood, such as `Session.runnerId` or `listRunners.runners[]`. */
  missing(): string[] {
    const missing = [...this.#ofRoutes].flatMap(([name, { schema, values }]) => this.#unseen(schema, values, name));
    const done = new Set<string>();
    // Named ones hold further named ones, whose values are complete once those that hold them are done.
    for (let left = this.#left(done); left.length > 0; left = this.#left(done)) {
      for (const [name, { schema, values }] of left) {
        done.add(name);
        this.#fields(schema, values, name);
      }
    }
    return [
      ...missing,
      ...[...this.#named].flatMap(([name, { schema, values }]) => this.#fields(schema, values, name)),
    ].toSorted();
  }

  #left(done: ReadonlySet<string>) {
    return [...this.#named].filter(([name]) => !done.has(name));
  }

  #unseen(schema: z.core.$ZodType, values: readonly unknown[], at: string): string[] {
    const id = z.globalRegistry.get(schema)?.id;
    const there = values.filter((value) => value !== null && value !== undefined);
    if (id === undefined) return this.#fields(schema, there, at);
    const known = this.#named.get(id) ?? { schema, values: [] };
    this.#named.set(id, { schema, values: [...new Set([...known.values, ...there])] });
    return [];
  }

  #fields(schema: z.core.$ZodType, values: readonly unknown[], at: string): string[] {
    const { def } = schema._zod as z.core.$ZodTypes['_zod'];
    switch (def.type) {
      case 'optional':
      case 'nullable':
      case 'default':
        return this.#unseen(def.innerType, values, at);
      case 'object':
        return Object.entries(def.shape).flatMap(([name, inner]) =>
          this.#unseen(
            inner,
            values.map((value) => (value as Record<string, unknown>)[name]),
            `${at}.${name}`,
          ),
        );
      case 'array':
        return this.#unseen(def.element, values.flat(), `${at}[]`);
      default:
        return values.length > 0 ? [] : [at];
    }
  }
}
