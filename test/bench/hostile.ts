/** Events made to cost as much as they can: values made of all the texts that any rule looks for. */

import { createEngine } from '../../collector/detect/engine.ts';
import { MAX_VALUE_CHARS } from '../../collector/detect/huge.ts';
import { rehearse } from '../../collector/detect/rehearse.ts';
import type { DetectionRule, LogSource } from '../../collector/detect/rule.ts';
import { JsonSource, View } from '../../collector/detect/view.ts';
import { eachAtom } from '../../collector/detect/witness.ts';

const HUGE_CHARS = 4 * MAX_VALUE_CHARS;
/** The quickest of so many is what the event costs once Node has compiled what it runs through. */
const PASSES = 4;
/** What is rehearsed, as on an endpoint. */
const REHEARSED: readonly string[] = ['CommandLine', 'TargetFilename'];

export interface Dearest {
  /** Characters of long texts gone through, each look counted. */
  readonly work: number;
  /** CPU of the event that took longest, all threads of Node's counted. */
  readonly ms: number;
  /** The same of the events that came first: the engine was prepared, and had judged nothing like them. */
  readonly firstMs: number;
  readonly source: LogSource;
  readonly field: string;
}

/** The worst of the events made for each log source of the rules: one field is huge, as a text, a list, one letter. */
export function dearestEvent(
  rules: readonly DetectionRule[],
  wanted: (source: LogSource) => boolean = () => true,
): Dearest {
  const engine = createEngine(rules);
  const view = new View();
  const json = new JsonSource(engine.fields);
  let dearest: Dearest = { work: 0, ms: 0, firstMs: 0, source: {}, field: '' };
  const sources = [...new Map(rules.map(({ logsource }) => [JSON.stringify(logsource), logsource])).values()];
  const routes = sources.filter(wanted).map((source) => ({ source, route: engine.route(source) }));
  drain(engine.prepare(routes.map(({ route }) => route)));
  drain(
    rehearse(engine.fields, (value) => {
      for (const { route } of routes)
        for (const field of REHEARSED) {
          view.show(json.of({ [field]: value }));
          engine.match(view, route);
        }
    }),
  );
  for (const { source, route } of routes) {
    for (const [field, event] of hostileEvents(route.rules)) {
      let first: number | undefined;
      let quickest = Number.POSITIVE_INFINITY;
      for (let pass = 0; pass < PASSES; pass += 1) {
        const start = process.cpuUsage();
        view.show(json.of(event));
        engine.match(view, route);
        const { user, system } = process.cpuUsage(start);
        const ms = (user + system) / 1_000;
        first ??= ms;
        quickest = Math.min(quickest, ms);
      }
      dearest = {
        work: Math.max(dearest.work, view.work),
        firstMs: Math.max(dearest.firstMs, first ?? 0),
        ...(quickest > dearest.ms
          ? { ms: quickest, source, field }
          : { ms: dearest.ms, source: dearest.source, field: dearest.field }),
      };
    }
  }
  return dearest;
}

function drain(steps: Generator<undefined, void>): void {
  while (!steps.next().done);
}

function hostileEvents(rules: readonly DetectionRule[]): [string, Record<string, unknown>][] {
  return [...wantedTexts(rules)].flatMap(([field, text]): [string, Record<string, unknown>][] => {
    const long = `${text} `.repeat(Math.ceil(HUGE_CHARS / (text.length + 1)));
    return [
      [field, { [field]: long }],
      [`${field}, a list`, { [field]: long.split(' ') }],
      [`${field}, one letter`, { [field]: 'a'.repeat(HUGE_CHARS) }],
    ];
  });
}

/** For each field, every text that some rule looks for there: a value made of them all fools each index. */
function wantedTexts(rules: readonly DetectionRule[]): Map<string, string> {
  const texts = new Map<string, Set<string>>();
  for (const rule of rules)
    eachAtom(rule.expression, ({ field, text }) => {
      texts.set(field, (texts.get(field) ?? new Set()).add(text));
    });
  return new Map([...texts].map(([field, wanted]) => [field || 'any', [...wanted].join(' ')]));
}
