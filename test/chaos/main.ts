/** `npm run chaos`: see options.ts. */
import { cpus } from 'node:os';
import { runBatch } from './batch.ts';
import { usualFaults } from './plan.ts';

const t = performance.now();
const out = await runBatch({
  seed: process.argv[2] ?? 'a',
  histories: Number(process.argv[3] ?? 4),
  parallel: 4,
  database: 'sqlite',
  faults: usualFaults,
  dir: `/tmp/chaos-out/${process.argv[2]}`,
  onHistory: ({ name, evidence, violations }) =>
    console.log(
      name,
      Math.round(performance.now() - t),
      evidence.faults.map((f) => f.kind).join(', '),
      evidence.log.length,
      evidence.marks.length,
      violations,
    ),
});
console.log(out.violations, out.serverStarts, cpus().length);
