/** Reads the `correlation` section of a document. */

import { readRuleCondition } from './correlation-condition.ts';
import { nearest, Refusal } from './refusal.ts';
import type { Comparison, CorrelationRule, CorrelationType, RuleCondition, RuleHead } from './rule.ts';
import type { YamlMap, YamlTree } from './yaml-tree.ts';

const TYPES: readonly CorrelationType[] = [
  'event_count',
  'value_count',
  'temporal',
  'temporal_ordered',
  'value_sum',
  'value_avg',
  'value_percentile',
  'value_median',
];
const OPERATORS: readonly string[] = ['gt', 'gte', 'lt', 'lte', 'eq', 'neq'];
/** Seconds of a unit; M and y as mean months and years of the Gregorian calendar. */
const UNIT_SECONDS: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3_600,
  d: 86_400,
  w: 604_800,
  M: 2_629_746,
  y: 31_556_952,
};
/** A window is held in memory; past a year it is a search, not a window, and is refused. */
const MAX_TIMESPAN_MS = 366 * 86_400_000;

/** What the reader of documents gives: a map asked by key. */
interface Keys {
  readonly file: string;
  readonly map: YamlMap;
  get(
    key: string,
  ): { readonly keyAt: { line: number; column: number }; readonly value: YamlTree } | undefined;
  need(key: string): YamlTree;
  text(key: string): string | undefined;
  texts(key: string): string[];
  refuse(key: string, cause: string): never;
}

const KEYS: readonly string[] = ['type', 'rules', 'group-by', 'timespan', 'condition', 'aliases', 'generate'];

/** @throws Refusal */
export function readCorrelation(head: RuleHead, section: Keys, document: Keys): CorrelationRule {
  refuseUnknownKeys(section);
  if (section.need('type') === undefined) section.refuse('type', 'a type is missing');
  const type = section.text('type') as CorrelationType;
  if (!TYPES.includes(type)) {
    const near = nearest(type, TYPES);
    section.refuse('type', `unknown correlation type "${type}"${near ? `; did you mean "${near}"?` : ''}`);
  }
  const isTemporal = type === 'temporal' || type === 'temporal_ordered';
  const conditionTree = section.get('condition')?.value;
  const isText = conditionTree?.kind === 'scalar';
  const rules = readReferences(section, isText && isTemporal ? conditionTree.source : undefined);
  const condition = readExtended(section, conditionTree, type, rules);
  const measured = conditionTree?.kind === 'map' ? readMeasure(section, conditionTree, type) : undefined;
  if (!isTemporal && measured === undefined)
    section.refuse('condition', `${withArticle(type)} correlation needs a condition such as "gte: 10"`);
  return {
    ...head,
    kind: 'correlation',
    type,
    rules,
    groupBy: section.texts('group-by'),
    timespanMs: readTimespan(section),
    comparisons: measured?.comparisons ?? [],
    condition,
    fields: measured?.fields ?? [],
    percentile: measured?.percentile,
    aliases: readAliases(section),
    generate: readGenerate(section, document),
  };
}

type References = CorrelationRule['rules'];

function readReferences(section: Keys, conditionText: string | undefined): References {
  const entry = section.get('rules');
  if (!entry && conditionText !== undefined) {
    // The extended condition of a temporal correlation names its rules itself.
    const words = conditionText.match(/[^\s()]+/g) ?? [];
    const names = new Set(words.filter((word) => !/^(and|or|not)$/i.test(word)));
    return [...names].map((reference) => ({ reference, at: section.map }));
  }
  const tree = section.need('rules');
  const items = tree.kind === 'list' ? tree.items : [tree];
  const references = items.map((item) => {
    if (item.kind === 'scalar' && item.value !== null) return { reference: item.source, at: item };
    throw new Refusal(section.file, item, '"rules" must hold ids or names of rules');
  });
  if (references.length === 0) section.refuse('rules', '"rules" is empty');
  for (const [index, { reference, at }] of references.entries())
    if (references.findIndex((other) => other.reference === reference) < index)
      throw new Refusal(section.file, at, `rule "${reference}" stands twice in "rules"`);
  return references;
}

function readExtended(
  section: Keys,
  tree: YamlTree | undefined,
  type: CorrelationType,
  rules: References,
): RuleCondition | undefined {
  if (tree === undefined || tree.kind === 'map') return undefined;
  if (tree.kind !== 'scalar' || type !== 'temporal')
    return section.refuse(
      'condition',
      'a condition is a map such as "gte: 10"; as text only for type temporal',
    );
  return readRuleCondition(
    tree.source,
    rules.map((rule) => rule.reference),
    (cause) => section.refuse('condition', cause),
  );
}

function readMeasure(
  section: Keys,
  tree: Extract<YamlTree, { kind: 'map' }>,
  type: CorrelationType,
): { comparisons: Comparison[]; fields: string[]; percentile: number | undefined } {
  const comparisons: Comparison[] = [];
  let fields: string[] = [];
  let percentile: number | undefined;
  for (const { key, keyAt, value } of tree.entries) {
    const number =
      value.kind === 'scalar' && typeof value.value !== 'string' ? Number(value.value) : Number.NaN;
    const isNumber =
      value.kind === 'scalar' &&
      typeof value.value !== 'boolean' &&
      value.value !== null &&
      Number.isFinite(number);
    if (OPERATORS.includes(key)) {
      if (!isNumber) throw new Refusal(section.file, value, `"${key}" takes a number`);
      comparisons.push({ operator: key as Comparison['operator'], value: number });
    } else if (key === 'field') {
      const items = value.kind === 'list' ? value.items : [value];
      fields = items.map((item) => {
        if (item.kind === 'scalar' && item.value !== null && item.source !== '') return item.source;
        throw new Refusal(section.file, item, '"field" takes the name of a field or a list of names');
      });
    } else if (key === 'percentile') {
      if (!isNumber || number < 0 || number > 100)
        throw new Refusal(section.file, value, '"percentile" takes a number from 0 to 100');
      percentile = number;
    } else {
      const near = nearest(key, [...OPERATORS, 'field', 'percentile']);
      throw new Refusal(
        section.file,
        keyAt,
        `unknown key "${key}" in the condition${near ? `; did you mean "${near}"?` : ''}`,
      );
    }
  }
  if (comparisons.length === 0)
    section.refuse('condition', `the condition compares with nothing; add one of ${OPERATORS.join(', ')}`);
  const wantsField = type.startsWith('value_');
  if (wantsField && fields.length === 0)
    section.refuse('condition', `${withArticle(type)} correlation needs "field" in its condition`);
  if (!wantsField && fields.length > 0) section.refuse('condition', `a ${type} correlation has no "field"`);
  if (fields.length > 1 && type !== 'value_count')
    section.refuse('condition', `a ${type} correlation takes one field; only value_count takes several`);
  if (percentile !== undefined && type !== 'value_percentile')
    section.refuse('condition', '"percentile" belongs to value_percentile');
  return { comparisons, fields, percentile };
}

function readTimespan(section: Keys): number {
  section.need('timespan');
  const text = section.text('timespan') ?? '';
  const match = /^(\d{1,9})([smhdwMy])$/.exec(text);
  const seconds = Number(match?.[1] ?? 0) * (UNIT_SECONDS[match?.[2] ?? ''] ?? 0);
  if (!(seconds > 0))
    section.refuse('timespan', `timespan "${text}" is no number followed by s, m, h or d, such as 10m`);
  if (seconds * 1000 > MAX_TIMESPAN_MS)
    section.refuse('timespan', `timespan "${text}" is longer than a year`);
  return seconds * 1000;
}

function readAliases(section: Keys): Map<string, Map<string, string>> {
  const entry = section.get('aliases');
  const aliases = new Map<string, Map<string, string>>();
  if (!entry) return aliases;
  if (entry.value.kind !== 'map')
    return section.refuse('aliases', '"aliases" must be a map of alias, rule and field');
  for (const { key, value } of entry.value.entries) {
    if (value.kind !== 'map')
      throw new Refusal(section.file, value, `alias "${key}" must be a map of rule and field`);
    const fields = new Map<string, string>();
    for (const rule of value.entries) {
      if (rule.value.kind !== 'scalar' || rule.value.value === null)
        throw new Refusal(section.file, rule.value, `alias "${key}" must name one field for "${rule.key}"`);
      fields.set(rule.key, rule.value.source);
    }
    aliases.set(key, fields);
  }
  return aliases;
}

/** The specification lists `generate` beside `level`; earlier rules have it within `correlation`. Both are read. */
function readGenerate(section: Keys, document: Keys): boolean {
  for (const keys of [section, document]) {
    const entry = keys.get('generate');
    if (!entry) continue;
    if (entry.value.kind !== 'scalar' || typeof entry.value.value !== 'boolean')
      keys.refuse('generate', '"generate" is true or false');
    else return entry.value.value;
  }
  return false;
}

/** A misspelt group-by would count everybody together. */
function refuseUnknownKeys({ file, map }: Keys): void {
  for (const { key, keyAt } of map.entries) {
    if (KEYS.includes(key)) continue;
    const near = nearest(key, KEYS);
    const mend = near ? `did you mean "${near}"?` : `it has ${KEYS.join(', ')}`;
    throw new Refusal(file, keyAt, `unknown key "${key}" in the correlation; ${mend}`);
  }
}

function withArticle(type: string): string {
  return `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`;
}
