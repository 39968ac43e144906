/** The walls: what would hold sandboxes in here, found by raising one. */
import { type Check, checksOf, type Given } from './check.ts';
import { scratchFolder } from './storage.ts';

const { ok, warning, error } = checksOf('walls');

/** Without these an agent is loose; without the others it can take more than its share. */
const outer: ReadonlySet<string> = new Set([
  ...['walls', 'self-test', 'files of the host and of others', 'network', 'system calls'],
]);

export async function checkWalls({ isolation, ociRuntime, dataDir }: Given): Promise<Check[]> {
  const { inspectWalls } = await import('@ash-ai/server');
  await using scratch = await scratchFolder(dataDir);
  const rows = await inspectWalls({ isolation, ociRuntime, scratchDir: scratch.path });
  return rows.map(({ name, enforced, how, fix }) => {
    if (enforced) return ok(name, how);
    // Who asks for no walls knows that there are none.
    return (outer.has(name) && isolation !== 'process' ? error : warning)(name, how, fix);
  });
}
