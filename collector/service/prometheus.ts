/** The service's figures as Prometheus text, exposition format 0.0.4. */

import { METRICS, type MetricName } from '../../schemas/generated/registry.ts';
import type { Resource } from '../ship/resource.ts';
import type { Figures } from './figures.ts';

type Labels = Readonly<Record<string, string | undefined>>;

export function prometheusText(figures: Figures, resource: Resource): string {
  const names = Object.keys(METRICS) as MetricName[];
  return [
    // OpenTelemetry's "Prometheus and OpenMetrics Compatibility": the resource is a metric of its own.
    ...family('target_info', 'gauge', 'Who speaks', [{ value: 1, attributes: resource }]),
    ...names.flatMap((name) => {
      const { prometheus, instrument, brief } = METRICS[name];
      return family(prometheus, instrument === 'counter' ? 'counter' : 'gauge', brief, figures[name]);
    }),
    '',
  ].join('\n');
}

function family(
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  samples: readonly { readonly value: number; readonly attributes: Labels }[],
): string[] {
  if (samples.length === 0) return [];
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(({ value, attributes }) => `${name}${labelText(attributes)} ${value}`),
  ];
}

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value = '']) => {
    const text = value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
    return `${name.replaceAll('.', '_')}="${text}"`;
  });
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}
