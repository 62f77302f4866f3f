/** spoor rules backtest: a changed set of rules against the one before it, over past events; and what each costs. */

import { createMatcher } from '../../detect/matcher.ts';
import type { Rule } from '../../detect/rule.ts';
import { keyOf, type RuleSet } from '../../detect/ruleset.ts';
import { type EventPlaces, readEvents } from './event-places.ts';
import { loadRules } from './input.ts';
import { costUs, Sample } from './rule-cost.ts';
import { say, sayJson, warn } from './say.ts';

/** Numbers of events (of records, in a log) kept of each difference; how many there were is told. */
const MAX_NUMBERS = 100;
const SHOWN_NUMBERS = 10;

export interface BacktestOptions extends EventPlaces {
  readonly rules: string;
  /** The set before the change. */
  readonly old?: string;
  readonly vars?: string;
  readonly json?: true;
}

interface Difference {
  count: number;
  /** Numbers of the first of those events. */
  readonly on: number[];
}

interface Line {
  readonly rule: string;
  readonly title: string;
  readonly level: string;
  findings: number;
  /** Findings of the old set; undefined when there is none. */
  before: number | undefined;
  /** Events on which only the new set fires, and only the old one. */
  readonly appeared: Difference;
  readonly gone: Difference;
  /** Microseconds the rule alone takes for an event of its log source, without index. */
  costUs: number | undefined;
}

/** @returns 0 when both sets say the same (or there is only one), 1 when they differ, 2 when a rule was refused */
export async function backtest(options: BacktestOptions): Promise<number> {
  const now = loadRules([options.rules], options.vars);
  const old = options.old === undefined ? undefined : loadRules([options.old], options.vars);
  const refusals = [...now.refusals, ...(old?.refusals ?? [])];
  for (const refusal of refusals) warn(refusal);
  const lines = new Map<string, Line>();
  for (const rule of [...findingRules(now), ...(old ? findingRules(old) : [])])
    if (!lines.has(keyOf(rule))) lines.set(keyOf(rule), lineOf(rule, old ? 0 : undefined));
  const asksNow = createMatcher(now, 'routed');
  const askedOld = old && createMatcher(old, 'routed');
  const sample = new Sample();
  let number = 0;
  for await (const event of readEvents(options)) {
    sample.add(event);
    const here = new Set(asksNow.match(event).map(keyOf));
    const there = new Set(askedOld?.match(event).map(keyOf));
    for (const key of new Set([...here, ...there])) {
      const line = lines.get(key);
      if (!line) continue;
      if (here.has(key)) line.findings += 1;
      if (there.has(key)) line.before = (line.before ?? 0) + 1;
      const place = options.state === undefined ? number : event.line;
      if (old && !there.has(key)) note(line.appeared, place);
      if (!here.has(key)) note(line.gone, place);
    }
    number += 1;
  }
  for (const rule of findingRules(now)) {
    const line = lines.get(keyOf(rule));
    if (line) line.costUs = costUs(rule, sample.events);
  }
  const all = [...lines.values()];
  const changed = all.filter(({ appeared, gone }) => appeared.count + gone.count > 0);
  print(options, all, number, changed.length);
  if (refusals.length > 0) return 2;
  return changed.length > 0 ? 1 : 0;
}

function findingRules(rules: RuleSet): Rule[] {
  const all: Rule[] = [...rules.detections, ...rules.correlations.map(({ rule }) => rule)];
  return all.filter((rule) => !rules.silent.has(rule));
}

function lineOf(rule: Rule, before: number | undefined): Line {
  return {
    rule: keyOf(rule),
    title: rule.title,
    level: rule.level,
    findings: 0,
    before,
    appeared: { count: 0, on: [] },
    gone: { count: 0, on: [] },
    costUs: undefined,
  };
}

function note(difference: Difference, event: number): void {
  difference.count += 1;
  if (difference.on.length < MAX_NUMBERS) difference.on.push(event);
}

function print(options: BacktestOptions, lines: readonly Line[], events: number, changed: number): void {
  if (options.json) {
    for (const line of lines) sayJson(line);
    return;
  }
  for (const { title, level, findings, before, appeared, gone, costUs: cost } of lines) {
    if (findings === 0 && (before ?? 0) === 0) continue;
    const change =
      before === undefined ? '' : `, before ${before}${told('new', appeared)}${told('gone', gone)}`;
    say(
      `${String(findings).padStart(6)}  ${level.padEnd(13)} ${title}${change}${cost === undefined ? '' : `  (${cost.toFixed(2)} us)`}`,
    );
  }
  const costly = lines
    .filter((line) => line.costUs !== undefined)
    .sort((one, other) => (other.costUs ?? 0) - (one.costUs ?? 0));
  const dearest = costly.slice(0, 3).map((line) => `${line.title} ${line.costUs?.toFixed(2)} us`);
  say(
    `${events} events, ${lines.length} rules${options.old === undefined ? '' : `, ${changed} say something else than before`}${dearest.length === 0 ? '' : `; dearest: ${dearest.join(', ')}`}`,
  );
}

function told(what: string, { count, on }: Difference): string {
  if (count === 0) return '';
  const shown = on.slice(0, SHOWN_NUMBERS).join(' ');
  return `, ${what} on ${shown}${count > SHOWN_NUMBERS ? ` and ${count - SHOWN_NUMBERS} more` : ''}`;
}
