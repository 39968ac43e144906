/**
 * The filter for a container that a server runs in, `deploy/seccomp.json`: what walls refuse, but for what is needed to raise one
 * (namespaces, mounts in them, a name for the host). It takes the place of the engine's own filter, which forbids those.
 */
import { type OciSeccomp, ociSeccomp } from './seccomp-oci.ts';

const neededForWalls: ReadonlySet<string> = new Set(['sethostname']);

export function containerSeccomp(): OciSeccomp {
  const filter = ociSeccomp(['x64', 'arm64'], { allowNesting: true });
  const syscalls = filter.syscalls.map((rule) => ({
    ...rule,
    names: rule.names.filter((name) => !neededForWalls.has(name)),
  }));
  return { ...filter, syscalls };
}
