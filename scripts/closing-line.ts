/** A vitest reporter that closes with one line a machine can read: `12 passed, 0 failed, 1 skipped`; skipped tests are named. */
import type { Reporter, TestModule } from 'vitest/node';

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    for (const module of modules) {
      if (module.state() === 'failed' && module.errors().length > 0) counts.failed += 1;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed' || state === 'failed') counts[state] += 1;
        else {
          counts.skipped += 1;
          const result = test.result();
          const note = result.state === 'skipped' ? (result.note ?? 'no reason given') : 'not run';
          process.stdout.write(`skipped: ${test.fullName} (${note})\n`);
        }
      }
    }
    process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
  }
}
