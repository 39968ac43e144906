/** The figures of a run as a table, for a terminal or as Markdown: with the aims, and beside those of the run before. */
import { unmeasured, verdictOn } from './aims.ts';
import type { Results } from './measure.ts';

const points = ['p50', 'p95', 'p99'] as const;

/** @param whole whether everything was to be measured */
export function printTable(now: Results, earlier: Results, whole: boolean): void {
  const head = points.map((name) => name.padStart(9)).join('');
  console.log(`\n${'what'.padEnd(62)}${'n'.padStart(7)}${head}  unit  before  change  aim`);
  for (const [name, figures] of Object.entries(now)) {
    const cells = points.map((point) => short(figures[point]).padStart(9)).join('');
    const { was, change } = compared(name, now, earlier);
    const verdict = verdictOn(name, now);
    const aim = verdict === undefined ? '' : `  ${verdict.hit ? '✓' : '✗'} ${verdict.aim}`;
    const line = `${name.padEnd(62)}${String(figures.n).padStart(7)}${cells}  ${figures.unit.padEnd(3)}${was.padStart(9)}${change.padStart(8)}${aim}`;
    console.log(line.trimEnd());
  }
  console.log(`\n${summary(now, whole)}`);
}

/** As it stands in docs/benchmarks.md. */
export function printMarkdown(now: Results, earlier: Results, whole: boolean): void {
  console.log(
    '\n| what | n | p50 | p95 | p99 | unit | before | aim | reached |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
  );
  for (const [name, figures] of Object.entries(now)) {
    const verdict = verdictOn(name, now);
    const { was } = compared(name, now, earlier);
    const cells = [
      name.startsWith('  ') ? `↳ ${name.trim()}` : name.trim(),
      String(figures.n),
      ...points.map((point) => short(figures[point])),
      ...[figures.unit, was, verdict?.aim ?? '', verdict === undefined ? '' : verdict.hit ? 'yes' : '**no**'],
    ];
    console.log(`| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`);
  }
  console.log(`\n${summary(now, whole)}`);
}

function summary(now: Results, whole: boolean): string {
  const verdicts = Object.keys(now).flatMap((name) => verdictOn(name, now) ?? []);
  const missing = whole ? unmeasured(now) : [];
  const left = missing.length === 0 ? '' : ` Not measured: ${missing.join('; ')}.`;
  return `${verdicts.filter(({ hit }) => hit).length} of ${verdicts.length} aims are reached.${left}`;
}

function compared(name: string, now: Results, earlier: Results): { was: string; change: string } {
  const [before, value] = [earlier[name]?.p50, now[name]?.p50];
  if (before === undefined || value === undefined) return { was: '', change: '' };
  const change = before === 0 ? undefined : Math.round((value / before - 1) * 100);
  return { was: short(before), change: change === undefined ? '' : `${change > 0 ? '+' : ''}${change} %` };
}

function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(1);
}
