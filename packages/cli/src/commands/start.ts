/** `ash start`: a server in the background, or here. */
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { dataDirOf, type StartOptions, serverEnvironment } from '../local-server/environment.ts';
import { pickUpKey } from '../local-server/key-pickup.ts';
import { launch, logPath } from '../local-server/launch.ts';
import { readRecord, type ServerRecord } from '../local-server/record.ts';
import { readConfig, resolveTarget } from '../settings.ts';

/** Options of the older command, for a server in a container. */
interface OldOptions {
  tag?: string;
  image?: string;
  pull?: boolean;
  cloudUrl?: string;
}

export async function start(context: Context, options: StartOptions & OldOptions): Promise<number> {
  const { terminal } = context;
  if (options.tag || options.image || options.cloudUrl || options.pull === false) {
    terminal.note(
      '--tag, --image, --no-pull and --cloud-url mean nothing any more: the server is a process of its own.',
    );
  }
  const dataDir = dataDirOf(options.dataDir);
  const running = readRecord(dataDir);
  if (options.foreground) {
    if (running !== undefined) {
      throw new Failure(`a server runs on ${dataDir} already, at ${running.url} (pid ${running.pid})`);
    }
    const { serveHere } = await import('../local-server/serve-here.ts');
    return serveHere(context, options);
  }
  const record = running ?? (await launch(serverEnvironment(options), dataDir, context));
  const key = pickUpKey(dataDir, { keep: false, givenKey: options.apiKey });
  await announce(context, record, { dataDir, already: running !== undefined });
  if (key !== undefined) terminal.note(key);
  const { serverUrl } = resolveTarget();
  if (serverUrl !== record.url) {
    terminal.note(`Commands talk to ${serverUrl}. To talk to this server: export ASH_SERVER_URL=${record.url}`);
    if (readConfig().server_url !== undefined) terminal.note('("ash unlink" takes back the link.)');
  }
  return 0;
}

async function announce(
  { client, terminal, form }: Context,
  record: ServerRecord,
  how: { dataDir: string; already: boolean },
): Promise<void> {
  const { version, isolation } = await (await client(record.url)).health();
  if (form === 'quiet') return terminal.out(`${record.url}\n`);
  if (form === 'json') {
    terminal.json({
      url: record.url,
      pid: record.pid,
      dataDir: how.dataDir,
      version,
      isolation,
      log: logPath(how.dataDir),
    });
    return;
  }
  terminal.out(
    `Ash ${version} ${how.already ? 'is already running' : 'is running'} at ${record.url} (pid ${record.pid})\n`,
  );
  terminal.out(`  data       ${how.dataDir}\n`);
  terminal.out(`  isolation  ${isolation}${isolation === 'process' ? '  (no wall: for development only)' : ''}\n`);
}
