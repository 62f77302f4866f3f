/** spoor rules explain: why a rule matches an event or not, node by node; for a correlation its group and window. */

import { createEventViews } from '../../detect/event-source.ts';
import { describe, type Explanation, explain as explainExpression } from '../../detect/explain.ts';
import { sourceText } from '../../detect/feed.ts';
import type { JsonEvent } from '../../detect/json-event.ts';
import { createMatcher, type Matcher } from '../../detect/matcher.ts';
import { keptText, keyText } from '../../detect/measure.ts';
import { type CorrelationRule, coversSource, type DetectionRule, type Rule } from '../../detect/rule.ts';
import { keyOf, type LinkedCorrelation, type RuleSet } from '../../detect/ruleset.ts';
import { FieldTable, JsonSource, type Source, View } from '../../detect/view.ts';
import { type EventPlaces, readEvents } from './event-places.ts';
import { BadInput, loadRules } from './input.ts';
import { say, sayJson, warn } from './say.ts';

export interface ExplainOptions extends EventPlaces {
  readonly rules: string;
  readonly rule?: string;
  /** Number of the event, from 0, in a log of its record; the last one when left out. */
  readonly event?: string;
  readonly vars?: string;
  readonly json?: true;
}

/** @returns 0 when a rule that was asked for matches, 1 when none does */
export async function explain(options: ExplainOptions): Promise<number> {
  const rules = loadRules([options.rules], options.vars);
  for (const refusal of rules.refusals) warn(refusal);
  const wanted = wantedRules(rules, options.rule);
  const matcher = createMatcher(rules, 'routed');
  const { event, number, fired } = await upTo(options, matcher);
  let matched = false;
  for (const rule of wanted.detections) {
    const views = explainDetection(rule, event);
    const holds = views.some((view) => view.holds);
    if (options.rule === undefined && !holds) continue;
    matched ||= holds;
    print(options, { ...headOf(rule, number), silent: rules.silent.has(rule), views });
  }
  for (const linked of wanted.correlations) {
    const { rule } = linked;
    const reached = reachedWindow(linked, { event, number, matcher, rules });
    if (options.rule === undefined && reached.inputs.every(({ matches }) => !matches)) continue;
    matched ||= reached.holds || fired.includes(rule);
    print(options, {
      ...headOf(rule, number),
      silent: rules.silent.has(rule),
      fired: fired.includes(rule),
      ...windowOf(linked, reached),
    });
  }
  if (!matched && options.rule === undefined)
    warn(`no rule matches event ${number}; --rule NAME tells why one does not`);
  return matched ? 0 : 1;
}

/** Judges events up to the one that is asked for, so that correlations know what came before. @throws BadInput */
async function upTo(options: ExplainOptions, matcher: Matcher) {
  const wanted = options.event === undefined ? undefined : Number(options.event);
  if (wanted !== undefined && !Number.isSafeInteger(wanted))
    throw new BadInput(`--event ${options.event} is no number; name the event's, counted from 0`);
  let count = 0;
  let last: { readonly event: JsonEvent; readonly number: number; readonly fired: Rule[] } | undefined;
  for await (const event of readEvents(options)) {
    // In a log events are called by the numbers of their records, as backtest does.
    const number = options.state === undefined ? count : event.line;
    last = { event, number, fired: matcher.match(event, String(number)) };
    if (number === wanted) return last;
    count += 1;
  }
  if (last && wanted === undefined) return last;
  const place = options.events ?? options.state ?? options.recording;
  throw new BadInput(
    options.state === undefined
      ? `${place} has ${count} events; --event counts from 0`
      : `${place}: no event of a session is record ${wanted ?? 0}`,
  );
}

function headOf(rule: DetectionRule | CorrelationRule, event: number) {
  return { rule: keyOf(rule), title: rule.title, event };
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

interface Asked {
  readonly event: JsonEvent;
  readonly number: number;
  readonly matcher: Matcher;
  readonly rules: RuleSet;
}

/** What a correlation sees of one of its rules on this event. */
interface Reached {
  readonly rule: string;
  readonly matches: boolean;
  /** Values of group-by; undefined where the event lacks one. */
  readonly values: readonly unknown[];
  readonly kept: readonly (string | undefined)[];
}

interface ReachedWindow {
  readonly inputs: readonly Reached[];
  readonly group: Reached | undefined;
  readonly state: ReturnType<Matcher['correlator']['inspect']>;
  /** Whether the condition holds with this event. */
  readonly holds: boolean;
}

function reachedWindow(linked: LinkedCorrelation, asked: Asked): ReachedWindow {
  const fields = new FieldTable();
  const inputs = linked.inputs.map((input, index): Reached => {
    const names = linked.groupFields[index] ?? [];
    const ofEvent = (field: string) => valueIn(asked.event, fields, field);
    const chained = asked.rules.correlations.find(({ rule }) => rule === input);
    const inner = chained && reachedWindow(chained, asked);
    const values = names.map((field) => {
      const place = chained?.rule.groupBy.indexOf(field) ?? -1;
      return place < 0 ? ofEvent(field) : inner?.group?.values[place];
    });
    return {
      rule: keyOf(input),
      matches: inner
        ? inner.holds
        : input.kind === 'detection' && explainDetection(input, asked.event).some(({ holds }) => holds),
      values,
      kept: names.map((field, place) =>
        values[place] === undefined ? undefined : keptText(field, values[place]),
      ),
    };
  });
  const group = inputs.find(({ matches, kept }) => matches && kept.every((value) => value !== undefined));
  const state = group && asked.matcher.correlator.inspect(linked.rule, group.kept as string[]);
  const newest = state?.entries.at(-1)?.evidence ?? [];
  const isNewest = [newest].flat().includes(String(asked.number));
  return { inputs, group, state, holds: state !== undefined && isNewest && state.holds };
}

function windowOf(linked: LinkedCorrelation, { inputs, state, holds }: ReachedWindow) {
  const { rule } = linked;
  return {
    holds,
    findingTime: state?.findingMs === undefined ? undefined : new Date(state.findingMs).toISOString(),
    inputs: inputs.map(({ rule: name, matches, values }) => ({
      rule: name,
      matches,
      group: rule.groupBy.map(
        (field, place) => `${field}=${values[place] === undefined ? '(absent)' : keyText(values[place])}`,
      ),
    })),
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
  /** Whether a correlation refers to it, so that it gives no finding of its own. */
  readonly silent: boolean;
  readonly views?: readonly ViewExplanation[];
  readonly fired?: boolean;
  readonly holds?: boolean;
  /** When the finding of the window was made, that this event may belong to. */
  readonly findingTime?: string | undefined;
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

const SILENT = 'gives no finding of its own, since a correlation refers to it (generate)';

function print(options: ExplainOptions, said: Said): void {
  if (options.json) {
    sayJson(said);
    return;
  }
  say(`${said.title} (${said.rule}), event ${said.event}`);
  for (const view of said.views ?? []) {
    say(`  shown as ${view.shownAs}: ${view.holds ? 'matches' : 'does not match'}`);
    for (const line of treeOf(view, 4)) say(line);
  }
  if (said.views && said.silent) say(`  ${SILENT}`);
  if (!said.inputs) return;
  say(`  ${outcomeOf(said)}`);
  for (const { rule, matches, group } of said.inputs)
    say(
      `    ${matches ? '+' : '-'} ${rule}${matches ? `, group ${group.join(', ') || '(one for all)'}` : ' does not match this event'}`,
    );
  for (const entry of said.window ?? [])
    say(
      `    in the window: ${entry.time} ${entry.rule} event ${entry.events}${entry.value === undefined ? '' : ` value ${entry.value}`}`,
    );
  for (const distance of said.distance ?? []) say(`    ${distance}`);
}

function outcomeOf({ fired, holds, silent, findingTime }: Said): string {
  if (fired) return 'fires on this event';
  if (!holds) return 'does not fire on this event';
  if (silent) return `holds on this event, and ${SILENT}`;
  return `holds on this event, which is counted in the finding of ${findingTime}`;
}

function treeOf(node: Explanation, indent: number): string[] {
  const line = `${' '.repeat(indent)}${node.holds ? '+' : '-'} ${node.what}${node.why ? `: ${node.why}` : ''}`;
  return [line, ...node.parts.flatMap((part) => treeOf(part, indent + 2))];
}
