/** Preloaded by profile.ts: SIGUSR2 starts V8's sampling profiler in this process, the next one stops it and writes what it saw. */
import { renameSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';

const session = new Session();
session.connect();
let on = false;
process.on('SIGUSR2', () => {
  if (!on) {
    session.post('Profiler.enable');
    session.post('Profiler.setSamplingInterval', { interval: 250 });
    session.post('Profiler.start');
    on = true;
    return;
  }
  on = false;
  session.post('Profiler.stop', (_error, { profile }) => {
    const path = process.env.PROFILE_TO ?? 'profile.json';
    writeFileSync(`${path}.part`, JSON.stringify(profile));
    renameSync(`${path}.part`, path);
  });
});
