/** The text format of Prometheus. */
import { expect, test } from 'vitest';
import { Meter } from '../../src/telemetry/meter.ts';
import { formatMetrics, labelled } from '../../src/telemetry/prometheus.ts';

test('gauges and counters', () => {
  const text = formatMetrics([
    { name: 'a', help: 'One.', type: 'gauge', samples: [{ value: 1.5 }] },
    { name: 'b_total', help: 'Two.', type: 'counter', samples: labelled('path', { warm: 1, 'c"o\\l\nd': 0 }) },
  ]);
  expect(text).toBe(
    '# HELP a One.\n# TYPE a gauge\na 1.5\n' +
      '# HELP b_total Two.\n# TYPE b_total counter\nb_total{path="warm"} 1\nb_total{path="c\\"o\\\\l\\nd"} 0\n',
  );
});

test('a histogram is cumulative, and counts what succeeded', async () => {
  const meter = new Meter();
  expect(await meter.append(async () => 7)).toBe(7);
  await expect(meter.append(() => Promise.reject(new Error('away')))).rejects.toThrow('away');
  const { buckets, count, sum } = meter.appends;
  expect(count).toBe(1);
  expect(sum).toBeGreaterThan(0);
  expect(buckets.map((bucket) => bucket.count)).toEqual(buckets.map((bucket) => bucket.count).toSorted());
  const text = formatMetrics([{ name: 'h', help: 'H.', type: 'histogram', histogram: meter.appends }]);
  expect(text).toContain('# TYPE h histogram\nh_bucket{le="0.0005"} ');
  expect(text).toContain('h_bucket{le="+Inf"} 1\nh_sum ');
  expect(text.endsWith('\nh_count 1\n')).toBe(true);
});
