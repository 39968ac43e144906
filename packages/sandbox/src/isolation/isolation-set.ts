/** Several isolations as one: each sandbox is walled in by the one that it asks for, by default the first. */
import { type Isolation, IsolationError, type IsolationName, type SandboxSpec } from './isolation.ts';

/**
 * @param isolations at least one; the first is the default
 * @throws IsolationError `isolation_unavailable`, from calls that ask for one that isn't there
 */
export function createIsolationSet(isolations: readonly [Isolation, ...Isolation[]]): Isolation {
  const [first] = isolations;
  const named = (name: IsolationName = first.name): Isolation => {
    const found = isolations.find((isolation) => isolation.name === name);
    if (found !== undefined) return found;
    throw new IsolationError(
      'isolation_unavailable',
      `This server has no ${name} isolation: ASH_ISOLATION_ALLOW lists it not.`,
    );
  };
  const of = ({ isolation }: Pick<SandboxSpec, 'isolation'>) => named(isolation);
  return {
    name: first.name,
    names: isolations.map(({ name }) => name),
    capabilities: (name) => named(name).capabilities(),
    inside: (spec) => of(spec).inside(spec),
    launch: async (spec) => await of(spec).launch(spec),
    exec: async (spec) => await of(spec).exec(spec),
    // A record says who made it; one that was made by an isolation that is gone is as plain as any other.
    destroy: (record) => first.destroy(record),
    isAlive: (record) => first.isAlive(record),
    setFrozen: (record, frozen) => first.setFrozen(record, frozen),
    sweep: async (fate) => {
      const swept = await Promise.all(isolations.map((isolation) => isolation.sweep(fate)));
      return [...new Set(swept.flat())];
    },
  };
}
