/** spoor rules explain: why a rule matches an event or not, node by node; for a correlation its group and window. */

import { createEventViews } from '../../detect/event-source.ts';
import { describe, type Explanation, explain as explainExpression } from '../../detect/explain.ts';
import { sourceText } from '../../detect/feed.ts';
import type { JsonEvent } from '../../detect/json-event.ts';
import { createMatcher, type Matcher } from '../../detect/matcher.ts';
import { keptText, keyText } from '../../detect/measure.ts';
import { type CorrelationRule, coversSource, type DetectionRule } from '../../detect/rule.ts';
import { keyOf, type LinkedCorrelation, type RuleSet } from '../../detect/ruleset.ts';
import { FieldTable, JsonSource, type Source, View } from '../../detect/view.ts';
import { type EventPlaces, readEvents } from './event-places.ts';
import { BadInput, loadRules } from './input.ts';

export interface ExplainOptions extends EventPlaces {
  readonly rules: string;
  readonly rule?: string;
  /** Number of the event, from 0; the last one when left out. */
  readonly event?: string;
  readonly vars?: string;
  readonly json?: true;
}

/** @returns 0 when a rule that was asked for matches, 1 when none does */
export async function explain(options: ExplainOptions): Promise<number> {
  const rules = loadRules([options.rules], options.vars);
  for (const refusal of rules.refusals) process.stderr.write(`${refusal}\n`);
  const events: JsonEvent[] = [];
  for await (const event of readEvents(options)) events.push(event);
  const number = options.event === undefined ? events.length - 1 : Number(options.event);
  const event = events[number];
  if (!event) {
    const place = options.events ?? options.state ?? options.recording;
    throw new BadInput(`${place} has ${events.length} events; --event counts from 0`);
  }
  const matcher = createMatcher(rules, 'routed');
  const fired =
    events
      .slice(0, number + 1)
      .map((one) => matcher.match(one))
      .at(-1) ?? [];
  const wanted = wantedRules(rules, options.rule);
  let matched = false;
  for (const rule of wanted.detections) {
    const said = explainDetection(rule, event);
    if (options.rule === undefined && !said.some(({ holds }) => holds)) continue;
    matched ||= said.some(({ holds }) => holds);
    print(options, { rule: keyOf(rule), title: rule.title, event: number, views: said });
  }
  for (const linked of wanted.correlations) {
    const said = explainCorrelation(linked, event, matcher);
    if (options.rule === undefined && said.inputs.every(({ matches }) => !matches)) continue;
    matched ||= fired.includes(linked.rule);
    print(options, {
      rule: keyOf(linked.rule),
      title: linked.rule.title,
      event: number,
      fired: fired.includes(linked.rule),
      ...said,
    });
  }
  return matched ? 0 : 1;
}

function wantedRules(rules: RuleSet, reference: string | undefined) {
  const is = (rule: DetectionRule | CorrelationRule) =>
    reference === undefined || [rule.id, rule.name, rule.title].includes(reference);
  const detections = rules.detections.filter(is);
  const correlations = rules.correlations.filter(({ rule }) => is(rule));
  if (detections.length + correlations.length === 0)
    throw new BadInput(`no rule has the id, name or title "${reference}"`);
  return { detections, correlations };
}

interface ViewExplanation extends Explanation {
  /** As which log source the event was shown. */
  readonly shownAs: string;
}

/** The event in every view that the rule looks at. */
function explainDetection(rule: DetectionRule, event: JsonEvent): ViewExplanation[] {
  const fields = new FieldTable();
  const view = new View();
  const ask = (source: Source, shownAs: string): ViewExplanation => {
    view.show(source);
    const subject = {
      read: (field: string) => source.read(fields.number(field)),
      texts: () => view.leaves(),
    };
    return { ...explainExpression(rule.expression, subject), shownAs };
  };
  const { own, logsource } = event;
  if (own) {
    const shown = createEventViews(fields, 'linux').get(own.name) ?? [];
    const fitting = shown.filter((one) => coversSource(rule.logsource, one.logsource) && one.shows(own));
    if (fitting.length === 0) return [nowhere(rule, own.name)];
    return fitting.map((one) => ask(one.of(own), sourceText(one.logsource)));
  }
  if (logsource && !coversSource(rule.logsource, logsource)) return [nowhere(rule, sourceText(logsource))];
  return [
    ask(new JsonSource(fields).of(event.fields), logsource ? sourceText(logsource) : 'no log source given'),
  ];
}

function nowhere(rule: DetectionRule, shownAs: string): ViewExplanation {
  const why = `the rule looks at ${sourceText(rule.logsource)}`;
  return { shownAs, holds: false, what: 'log source', why, parts: [] };
}

function explainCorrelation(linked: LinkedCorrelation, event: JsonEvent, matcher: Matcher) {
  const { rule } = linked;
  const fields = new FieldTable();
  const inputs = linked.inputs.map((input, index) => {
    const matches = input.kind === 'detection' && explainDetection(input, event).some(({ holds }) => holds);
    const names = linked.groupFields[index] ?? [];
    const group = names.map((field) => valueIn(event, fields, field));
    const told = group.map((value) => (value === undefined ? '(absent)' : keyText(value)));
    return {
      rule: keyOf(input),
      matches,
      group: rule.groupBy.map((name, place) => `${name}=${told[place]}`),
      kept: names.map((field, place) =>
        group[place] === undefined ? undefined : keptText(field, group[place]),
      ),
    };
  });
  const matching = inputs.find(({ matches, kept }) => matches && kept.every((value) => value !== undefined));
  const state = matching ? matcher.correlator.inspect(rule, matching.kept as string[]) : undefined;
  return {
    inputs: inputs.map(({ rule: name, matches, group }) => ({ rule: name, matches, group })),
    window: state?.entries.map(({ timeMs, input, evidence, value }) => ({
      time: new Date(timeMs).toISOString(),
      rule: keyOf(linked.inputs[input] ?? rule),
      events: evidence,
      value,
    })),
    measured: state?.value,
    distance:
      state === undefined
        ? undefined
        : distances(linked, state.value, new Set(state.entries.map(({ input }) => input))),
  };
}

/** What each part of the condition asks, and how far it is. */
function distances(linked: LinkedCorrelation, value: number, seen: ReadonlySet<number>): string[] {
  const { rule, inputs } = linked;
  const told = rule.comparisons.map((one) => {
    const test = describe({ kind: 'compare', operator: one.operator, value: one.value });
    return `needs ${test}, is ${value}${one.operator.startsWith('g') ? `, ${Math.max(0, one.value - value)} to go` : ''}`;
  });
  if (rule.type !== 'temporal' && rule.type !== 'temporal_ordered') return told;
  const missing = inputs.filter((_, index) => !seen.has(index)).map(keyOf);
  return [
    ...told,
    missing.length === 0 ? 'every rule matched within the window' : `not yet matched: ${missing.join(', ')}`,
  ];
}

/** Undefined when the event has no such field, or no value in it. */
function valueIn(event: JsonEvent, fields: FieldTable, field: string): unknown {
  const { own } = event;
  if (!own) return new JsonSource(fields).of(event.fields).read(fields.number(field)) ?? undefined;
  for (const view of createEventViews(fields, 'linux').get(own.name) ?? []) {
    const value = view.of(own).read(fields.number(field)) ?? undefined;
    if (value !== undefined) return value;
  }
  return undefined;
}

interface Said {
  readonly rule: string;
  readonly title: string;
  readonly event: number;
  readonly views?: readonly ViewExplanation[];
  readonly fired?: boolean;
  readonly inputs?: readonly {
    readonly rule: string;
    readonly matches: boolean;
    readonly group: readonly string[];
  }[];
  readonly window?:
    | readonly {
        readonly time: string;
        readonly rule: string;
        readonly events: unknown;
        readonly value: unknown;
      }[]
    | undefined;
  readonly distance?: readonly string[] | undefined;
}

function print(options: ExplainOptions, said: Said): void {
  if (options.json) {
    process.stdout.write(`${JSON.stringify(said)}\n`);
    return;
  }
  const lines = [`${said.title} (${said.rule}), event ${said.event}`];
  for (const view of said.views ?? []) {
    lines.push(`  shown as ${view.shownAs}: ${view.holds ? 'matches' : 'does not match'}`);
    lines.push(...treeOf(view, 4));
  }
  if (said.inputs) {
    lines.push(`  ${said.fired ? 'fires on this event' : 'does not fire on this event'}`);
    for (const { rule, matches, group } of said.inputs)
      lines.push(
        `    ${matches ? '+' : '-'} ${rule}${matches ? `, group ${group.join(', ') || '(one for all)'}` : ' does not match this event'}`,
      );
    for (const entry of said.window ?? [])
      lines.push(
        `    in the window: ${entry.time} ${entry.rule} event ${entry.events}${entry.value === undefined ? '' : ` value ${entry.value}`}`,
      );
    for (const distance of said.distance ?? []) lines.push(`    ${distance}`);
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}

function treeOf(node: Explanation, indent: number): string[] {
  const line = `${' '.repeat(indent)}${node.holds ? '+' : '-'} ${node.what}${node.why ? `: ${node.why}` : ''}`;
  return [line, ...node.parts.flatMap((part) => treeOf(part, indent + 2))];
}
