/** Metrics in the text format of Prometheus (version 0.0.4). Pure. */
import type { Histogram } from './meter.ts';

export interface Sample {
  labels?: Readonly<Record<string, string>>;
  value: number;
}

export type Metric = { name: string; help: string } & (
  | { type: 'gauge' | 'counter'; samples: readonly Sample[] }
  | { type: 'histogram'; histogram: Histogram }
);

/** The text of metrics. */
export function formatMetrics(metrics: readonly Metric[]): string {
  return metrics
    .map((metric) => `# HELP ${metric.name} ${metric.help}\n# TYPE ${metric.name} ${metric.type}\n${linesOf(metric)}`)
    .join('');
}

/** One sample for each entry of a record, under one label. */
export function labelled(label: string, values: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value }));
}

function linesOf(metric: Metric): string {
  const { name } = metric;
  if (metric.type !== 'histogram') return metric.samples.map(({ labels, value }) => line(name, labels, value)).join('');
  const { buckets, sum, count } = metric.histogram;
  return [
    ...buckets.map((bucket) => line(`${name}_bucket`, { le: String(bucket.upTo) }, bucket.count)),
    line(`${name}_bucket`, { le: '+Inf' }, count),
    line(`${name}_sum`, undefined, sum),
    line(`${name}_count`, undefined, count),
  ].join('');
}

function line(name: string, labels: Sample['labels'], value: number): string {
  const pairs = Object.entries(labels ?? {}).map(([label, text]) => `${label}="${escaped(text)}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}\n`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
