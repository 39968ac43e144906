/** The machine: system, Node, processors, memory, who runs this. */
import { availableParallelism, freemem, release, totalmem, userInfo } from 'node:os';
import { sizeOf } from '../output/words.ts';
import { type Check, checksOf, type Given } from './check.ts';

const { ok, note, warning, error } = checksOf('machine');
const gib = 1024 ** 3;

export function checkMachine({ isolation }: Given): Check[] {
  const system = `${process.platform} ${release()}, ${process.arch}`;
  const memory = `${sizeOf(totalmem())}, ${sizeOf(freemem())} free`;
  const walled = isolation !== 'process';
  return [
    process.platform === 'linux'
      ? ok('system', system)
      : (walled ? error : warning)(
          'system',
          system,
          'Sandboxes need Linux. For development: ash start --isolation process',
        ),
    Number.parseInt(process.versions.node, 10) >= 24
      ? ok('node', `${process.versions.node}`)
      : error('node', process.versions.node, 'Install Node 24 or newer.'),
    ok('processors', `${availableParallelism()}`),
    totalmem() >= gib ? ok('memory', memory) : warning('memory', memory, 'An awake session takes about 300 MiB.'),
    walled && process.getuid?.() !== 0
      ? note('user', userInfo().username, 'As root, each sandbox gets a user, limits and a disk of its own.')
      : ok('user', userInfo().username),
  ];
}
