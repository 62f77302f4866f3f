/** spoor rules backtest: a changed set of rules against the one before it, over recorded events; and what each costs. */

import { compileExpression } from '../../detect/compile.ts';
import { createEventViews } from '../../detect/event-source.ts';
import type { JsonEvent } from '../../detect/json-event.ts';
import { createMatcher } from '../../detect/matcher.ts';
import type { Rule } from '../../detect/rule.ts';
import { coversSource } from '../../detect/rule.ts';
import { keyOf, type RuleSet } from '../../detect/ruleset.ts';
import { FieldTable, JsonSource, type Source, View } from '../../detect/view.ts';
import { readJsonEvents } from './event-file.ts';
import { loadRules } from './input.ts';

/** Each rule is measured for about this long. */
const MEASURE_NS = 20e6;

export interface BacktestOptions {
  readonly rules: string;
  /** The set before the change. */
  readonly old?: string;
  readonly events: string;
  readonly vars?: string;
  readonly json?: true;
}

interface Line {
  readonly rule: string;
  readonly title: string;
  readonly level: string;
  readonly findings: number;
  /** Findings of the old set; undefined when there is none, or the rule was not in it. */
  readonly before: number | undefined;
  /** Numbers of the events on which only one of the sets fires. */
  readonly appeared: readonly number[];
  readonly gone: readonly number[];
  /** Microseconds the rule alone takes for an event of its log source, without index. */
  readonly costUs: number | undefined;
}

/** @returns 0 when both sets say the same (or there is only one), 1 when they differ */
export async function backtest(options: BacktestOptions): Promise<number> {
  const now = loadRules([options.rules], options.vars);
  const before = options.old === undefined ? undefined : loadRules([options.old], options.vars);
  for (const refusal of [...now.refusals, ...(before?.refusals ?? [])]) process.stderr.write(`${refusal}\n`);
  const events: JsonEvent[] = [];
  for await (const event of readJsonEvents(options.events)) events.push(event);
  const found = firings(now, events);
  const old = before === undefined ? undefined : firings(before, events);
  const lines = [...new Set([...found.keys(), ...(old?.keys() ?? [])])].map((key): Line => {
    const [rule, on] = found.get(key) ?? old?.get(key) ?? raise(key);
    const here = found.has(key) ? on : [];
    const there = old?.get(key)?.[1];
    return {
      rule: key,
      title: rule.title,
      level: rule.level,
      findings: here.length,
      before: there?.length ?? (old === undefined ? undefined : 0),
      appeared: old === undefined ? [] : here.filter((event) => !there?.includes(event)),
      gone: (there ?? []).filter((event) => !here.includes(event)),
      costUs: found.has(key) ? costOf(rule, events) : undefined,
    };
  });
  const changed = lines.filter(({ appeared, gone }) => appeared.length + gone.length > 0);
  print(options, lines, events.length, changed.length);
  return changed.length > 0 ? 1 : 0;
}

function raise(key: string): never {
  throw new Error(`rule "${key}" fired in neither set`);
}

function firings(rules: RuleSet, events: readonly JsonEvent[]): Map<string, [Rule, number[]]> {
  const matcher = createMatcher(rules, 'routed');
  const all = new Map<string, [Rule, number[]]>();
  for (const rule of [...rules.detections, ...rules.correlations.map((one) => one.rule)])
    if (!rules.silent.has(rule)) all.set(keyOf(rule), [rule, []]);
  for (const [number, event] of events.entries())
    for (const rule of matcher.match(event)) all.get(keyOf(rule))?.[1].push(number);
  return all;
}

/** The rule's own cost: passes over the events until the time is worth measuring, the quickest one taken. */
function costOf(rule: Rule, events: readonly JsonEvent[]): number | undefined {
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

function print(options: BacktestOptions, lines: readonly Line[], events: number, changed: number): void {
  if (options.json) {
    for (const line of lines) process.stdout.write(`${JSON.stringify(line)}\n`);
    return;
  }
  for (const { title, level, findings, before, appeared, gone, costUs } of lines) {
    if (findings === 0 && (before ?? 0) === 0) continue;
    const change =
      before === undefined
        ? ''
        : `, before ${before}${appeared.length ? `, new on ${appeared.slice(0, 10).join(' ')}` : ''}${gone.length ? `, gone on ${gone.slice(0, 10).join(' ')}` : ''}`;
    process.stdout.write(
      `${String(findings).padStart(6)}  ${level.padEnd(13)} ${title}${change}${costUs === undefined ? '' : `  (${costUs.toFixed(2)} us)`}\n`,
    );
  }
  const costly = lines
    .filter(({ costUs }) => costUs !== undefined)
    .sort((one, other) => (other.costUs ?? 0) - (one.costUs ?? 0));
  const dearest = costly.slice(0, 3).map(({ title, costUs }) => `${title} ${costUs?.toFixed(2)} us`);
  process.stdout.write(
    `${events} events, ${lines.length} rules${options.old === undefined ? '' : `, ${changed} say something else than before`}; dearest: ${dearest.join(', ')}\n`,
  );
}
