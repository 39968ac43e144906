/** What to do on a machine where no wall can be raised: the one thing that is missing here, in words to paste. */
import { access, readFile } from 'node:fs/promises';

/** What there is to know about the machine. */
export interface Surroundings {
  inContainer: boolean;
  /** Contents of the switches of the kernel that forbid user namespaces; absent ones don't exist here. */
  switches: Partial<Record<(typeof switchNames)[number], string>>;
}

const switchNames = [
  'user/max_user_namespaces',
  'kernel/unprivileged_userns_clone',
  'kernel/apparmor_restrict_unprivileged_userns',
] as const;

const inCompose = `Ash runs in a container, which must let it make walls. In the compose file, for this service:
  security_opt:
    - systempaths=unconfined
    - seccomp=./seccomp.json
    - apparmor=unconfined
or: docker run --security-opt systempaths=unconfined --security-opt seccomp=seccomp.json --security-opt apparmor=unconfined
The filter is deploy/seccomp.json of Ash's repository (seccomp=unconfined works as well). "privileged" is not needed. `;

const withoutWalls = 'ASH_ISOLATION=process runs agents without any wall: for development only.';

/** Sentences that follow bubblewrap's own words. */
export function adviceFor({ inContainer, switches }: Surroundings): string {
  const set = (name: string, value: string) => `Run "sysctl -w ${name.replaceAll('/', '.')}=${value}" as root. `;
  const parts: string[] = [];
  if (switches['user/max_user_namespaces'] === '0') parts.push(set('user/max_user_namespaces', '65536'));
  if (switches['kernel/unprivileged_userns_clone'] === '0') parts.push(set('kernel/unprivileged_userns_clone', '1'));
  if (switches['kernel/apparmor_restrict_unprivileged_userns'] === '1') {
    parts.push(
      `${set('kernel/apparmor_restrict_unprivileged_userns', '0')}Or give /usr/bin/bwrap an AppArmor profile with "userns,". `,
    );
  }
  if (inContainer) parts.push(inCompose);
  if (parts.length === 0) parts.push('This kernel must allow user namespaces, and /proc must not be masked. ');
  return `${parts.join('')}${withoutWalls}`;
}

/** Looks around. */
export async function surroundings(): Promise<Surroundings> {
  const switches: Surroundings['switches'] = {};
  for (const name of switchNames) {
    const text = await readFile(`/proc/sys/${name}`, 'utf8').catch(() => undefined);
    if (text !== undefined) switches[name] = text.trim();
  }
  const signs = ['/.dockerenv', '/run/.containerenv', '/var/run/secrets/kubernetes.io'];
  const found = await Promise.all(
    signs.map((path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  const firstProcess = await readFile('/proc/1/environ', 'utf8').catch(() => '');
  return { inContainer: found.includes(true) || /(^|\0)container=/.test(firstProcess), switches };
}
