/** For tests of correlations: base rules, correlations and events in a few words. */

import { type Fields, verdicts } from './asked.ts';

export const START_S = 1_767_225_600;

/** A base rule named after the value of field E that it matches. */
export function base(...names: string[]): string {
  return names
    .map((name) => `title: ${name}\nname: ${name}\nlogsource: {}\ndetection: {s: {E: ${name}}, condition: s}`)
    .join('\n---\n');
}

export function correlation(body: string, head = 'title: C'): string {
  return `---\n${head}\ncorrelation:\n${body.replace(/^/gm, '    ')}`;
}

/** An event at `second`, of type E. */
export function at(second: number, type: string, fields: Fields = {}): Fields {
  return { '@timestamp': START_S + second, E: type, ...fields };
}

/** Indexes of the events on which a rule called `name` fired. */
export function fired(rules: string, events: readonly Fields[], name = 'C'): number[] {
  return verdicts(rules, events).flatMap((found, index) => (found.includes(name) ? [index] : []));
}

export const COUNT_3 = `${base('a')}\n${correlation('type: event_count\nrules: [a]\ngroup-by: [User]\ntimespan: 1m\ncondition: {gte: 3}')}`;

export const TEMPORAL = `${base('a', 'b', 'c')}\n${correlation('type: temporal\nrules: [a, b, c]\ngroup-by: [U]\ntimespan: 5m')}`;
