/** What one rule costs by itself, over a sample of events. */

import { compileExpression } from '../../detect/compile.ts';
import { createEventViews } from '../../detect/event-source.ts';
import type { JsonEvent } from '../../detect/json-event.ts';
import { coversSource, type Rule } from '../../detect/rule.ts';
import { FieldTable, JsonSource, type Source, View } from '../../detect/view.ts';

/** Each rule is measured for about this long. */
const MEASURE_NS = 20e6;
/** Events kept to measure with. */
const MAX_SAMPLE = 20_000;

/** Every event at first, then every second, every fourth ...: evenly spread, whatever the number of events. */
export class Sample {
  #events: JsonEvent[] = [];
  #every = 1;
  #seen = 0;

  add(event: JsonEvent): void {
    if (this.#seen % this.#every === 0) this.#events.push(event);
    this.#seen += 1;
    if (this.#events.length <= MAX_SAMPLE) return;
    this.#events = this.#events.filter((_, index) => index % 2 === 0);
    this.#every *= 2;
  }

  get events(): readonly JsonEvent[] {
    return this.#events;
  }
}

/**
 * Microseconds for an event of the rule's log source, without index: the quickest of passes over the events until the
 * time is worth measuring. Undefined for correlations, and where no event is of that log source.
 */
export function costUs(rule: Rule, events: readonly JsonEvent[]): number | undefined {
  if (rule.kind !== 'detection') return undefined;
  const { logsource: wanted } = rule;
  const fields = new FieldTable();
  const matches = compileExpression(rule.expression, fields);
  const views = createEventViews(fields, 'linux');
  const json = new JsonSource(fields);
  const view = new View();

  function pass(): number {
    let asked = 0;
    const ask = (source: Source) => {
      view.show(source);
      matches(view);
      asked += 1;
    };
    for (const { own, logsource, fields: values } of events) {
      if (!own) {
        if (!logsource || coversSource(wanted, logsource)) ask(json.of(values));
        continue;
      }
      for (const one of views.get(own.name) ?? [])
        if (coversSource(wanted, one.logsource) && one.shows(own)) ask(one.of(own));
    }
    return asked;
  }

  let quickestNs = Number.POSITIVE_INFINITY;
  let asked = 0;
  for (let spentNs = 0, passes = 0; passes < 3 || (spentNs < MEASURE_NS && passes < 1000); passes += 1) {
    const start = process.hrtime.bigint();
    asked = pass();
    const tookNs = Number(process.hrtime.bigint() - start);
    spentNs += tookNs;
    quickestNs = Math.min(quickestNs, tookNs);
  }
  return asked === 0 ? undefined : quickestNs / 1e3 / asked;
}
