/** Makes rules of YAML documents: one document, one rule or one refusal. */

import { readCondition } from './condition.ts';
import { readCorrelation } from './correlation-rule.ts';
import { doubtsOf } from './doubt.ts';
import { all, any, type Expression } from './expression.ts';
import { type ItemContext, readItem } from './modifier.ts';
import type { Placeholders } from './placeholder.ts';
import { type Place, Refusal } from './refusal.ts';
import {
  type DetectionRule,
  type FilterRule,
  LEVELS,
  type Level,
  type LogSource,
  type Rule,
  type RuleHead,
} from './rule.ts';
import { readYaml } from './yaml.ts';
import type { YamlEntry, YamlMap, YamlScalar, YamlTree } from './yaml-tree.ts';

/** The specification's limit for a title. */
const DEFAULT_TAXONOMY = 'sigma';
const MAX_TITLE_CHARS = 256;
const STATES: readonly string[] = ['stable', 'test', 'experimental', 'deprecated', 'unsupported'];

export interface ReadResult {
  readonly rules: Rule[];
  readonly refusals: Refusal[];
}

/** Reads every document of one file. A document that must be refused does not touch the others. */
export function readRules(file: string, text: string, placeholders: Placeholders): ReadResult {
  const rules: Rule[] = [];
  const refusals: Refusal[] = [];
  for (const document of readYaml(file, text)) {
    if ('refusal' in document) {
      refusals.push(document.refusal);
      continue;
    }
    try {
      rules.push(readRule(file, document.tree, placeholders));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refusals.push(error);
    }
  }
  return { rules, refusals };
}

function readRule(file: string, tree: YamlTree, placeholders: Placeholders): Rule {
  const document = new Section(file, mapOf(file, tree, 'a rule'));
  if (document.get('action'))
    document.refuse('action', '"action: global, reset, repeat" is no longer Sigma; write each rule out');
  const kinds = ['detection', 'correlation', 'filter'].filter((kind) => document.get(kind));
  const [kind] = kinds;
  if (kind === undefined)
    throw new Refusal(
      file,
      tree,
      'none of "detection", "correlation" and "filter" is there; a rule has one of them',
    );
  if (kinds.length > 1)
    document.refuse(kinds[1] ?? '', `"${kinds.join('" and "')}" stand in one document; separate them by ---`);
  const head = readHead(file, document, tree);
  const context = { file, placeholders };
  if (kind === 'detection') return readDetection(document, head, context);
  if (kind === 'correlation')
    return readCorrelation(
      head,
      new Section(file, mapOf(file, document.need('correlation'), '"correlation"')),
      document,
    );
  return readFilter(document, head, context);
}

function readHead(file: string, document: Section, at: Place): RuleHead {
  const title = document.text('title');
  if (title === undefined || title === '') document.refuse('title', 'a rule needs a title');
  if ((title ?? '').length > MAX_TITLE_CHARS)
    document.refuse('title', `the title has ${title?.length} characters; Sigma allows ${MAX_TITLE_CHARS}`);
  const level = document.text('level');
  if (level !== undefined && !LEVELS.includes(level as Level))
    document.refuse('level', `level "${level}" is none of ${LEVELS.join(', ')}`);
  const taxonomy = document.text('taxonomy') ?? DEFAULT_TAXONOMY;
  if (taxonomy !== DEFAULT_TAXONOMY)
    document.refuse(
      'taxonomy',
      `taxonomy "${taxonomy}" is not known; write fields and log sources as Sigma's default taxonomy has them`,
    );
  const status = document.text('status') ?? '';
  if (status !== '' && !STATES.includes(status))
    document.refuse('status', `status "${status}" is none of ${STATES.join(', ')}`);
  return {
    file,
    at: { line: at.line, column: at.column },
    title: title ?? '',
    id: document.text('id'),
    name: document.text('name'),
    description: document.text('description') ?? '',
    level: (level as Level | undefined) ?? 'medium',
    tags: document.texts('tags'),
    falsePositives: document.texts('falsepositives'),
    response: document.text('response') ?? '',
    status,
    scope: readScope(file, document),
    machines: document.texts('scope'),
    doubts: doubtsOf(document.map),
  };
}

/** `spoor: { scope: host }` makes a rule judge events outside sessions too. */
function readScope(file: string, document: Section): RuleHead['scope'] {
  const entry = document.get('spoor');
  if (!entry) return 'session';
  const own = new Section(file, mapOf(file, entry.value, '"spoor"'));
  const scope = own.text('scope') ?? 'session';
  if (scope !== 'session' && scope !== 'host')
    return own.refuse('scope', `scope "${scope}" is neither session nor host`);
  return scope;
}

function readDetection(document: Section, head: RuleHead, context: ItemContext): DetectionRule {
  const logsource = readLogSource(document);
  const detection = new Section(head.file, mapOf(head.file, document.need('detection'), '"detection"'));
  const identifiers = readIdentifiers(detection, context, ['condition', 'timeframe']);
  const conditions = scalarList(head.file, detection.need('condition'), '"condition"');
  if (detection.get('timeframe'))
    detection.refuse('timeframe', '"timeframe" belongs to the old aggregations; write a correlation rule');
  const expression = any(
    conditions.map((condition) =>
      readCondition(condition.source, identifiers, (cause) => {
        throw new Refusal(head.file, condition, cause);
      }),
    ),
  );
  const used = namesIn(expression);
  const unused = [...identifiers.keys()].filter((name) => !used.has(name));
  return { ...head, kind: 'detection', logsource, expression, unused };
}

function readFilter(document: Section, head: RuleHead, context: ItemContext): FilterRule {
  const logsource = readLogSource(document);
  const filter = new Section(head.file, mapOf(head.file, document.need('filter'), '"filter"'));
  const identifiers = readIdentifiers(filter, context, ['condition', 'rules']);
  if (identifiers.size === 0) throw new Refusal(head.file, filter.map, 'a filter needs a selection');
  const condition = filter.need('condition');
  if (condition.kind !== 'scalar') return filter.refuse('condition', 'a filter has one condition, as text');
  const rules = filter.need('rules');
  const isEvery = rules.kind === 'scalar' && (rules.source === 'any' || rules.source === 'all');
  const references = isEvery
    ? undefined
    : scalarList(head.file, rules, '"rules"').map((rule) => ({ reference: rule.source, at: rule }));
  const expression = readCondition(condition.source, identifiers, (cause) => {
    throw new Refusal(head.file, condition, cause);
  });
  return {
    ...head,
    kind: 'filter',
    logsource,
    rules: references,
    expression,
    conditionText: condition.source,
  };
}

function readLogSource(document: Section): LogSource {
  const tree = document.need('logsource');
  const section = new Section(document.file, mapOf(document.file, tree, '"logsource"'));
  const part = (key: string) => section.text(key)?.toLowerCase();
  return { category: part('category'), product: part('product'), service: part('service') };
}

function readIdentifiers(
  section: Section,
  context: ItemContext,
  others: readonly string[],
): Map<string, Expression> {
  const identifiers = new Map<string, Expression>();
  for (const { key, keyAt, value } of section.map.entries) {
    if (others.includes(key)) continue;
    identifiers.set(key, readSelection(context, key, keyAt, value));
  }
  return identifiers;
}

/** A map is AND over its entries; a list of maps OR; plain values are keywords. */
function readSelection(context: ItemContext, name: string, nameAt: Place, tree: YamlTree): Expression {
  if (tree.kind === 'map') {
    if (tree.entries.length === 0) throw new Refusal(context.file, nameAt, `"${name}" is empty`);
    return all(tree.entries.map((entry) => readItem(context, entry.key, entry.keyAt, entry.value)));
  }
  if (tree.kind === 'scalar') return readItem(context, '', nameAt, tree);
  if (tree.items.length === 0) throw new Refusal(context.file, nameAt, `"${name}" is an empty list`);
  return any(tree.items.map((item) => readSelection(context, name, nameAt, item)));
}

function namesIn(expression: Expression, into: Set<string> = new Set()): Set<string> {
  if (expression.kind === 'named') into.add(expression.name);
  else if (expression.kind === 'not') namesIn(expression.part, into);
  else if (expression.kind === 'and' || expression.kind === 'or')
    for (const part of expression.parts) namesIn(part, into);
  return into;
}

export function mapOf(file: string, tree: YamlTree, what: string): YamlMap {
  if (tree.kind === 'map') return tree;
  throw new Refusal(file, tree, `${what} must be a map of keys and values`);
}

export function scalarList(file: string, tree: YamlTree, what: string): YamlScalar[] {
  if (tree.kind === 'scalar' && tree.value !== null) return [tree];
  if (tree.kind !== 'list' || tree.items.length === 0)
    throw new Refusal(file, tree, `${what} must be a text or a list of texts`);
  return tree.items.map((item) => {
    if (item.kind === 'scalar' && item.value !== null) return item;
    throw new Refusal(file, item, `${what} must hold plain texts`);
  });
}

/** A map of the rule file, asked by key; refusals name the key's place. */
export class Section {
  readonly file: string;
  readonly map: YamlMap;

  constructor(file: string, map: YamlMap) {
    this.file = file;
    this.map = map;
  }

  get(key: string): YamlEntry | undefined {
    return this.map.entries.find((entry) => entry.key === key);
  }

  need(key: string): YamlTree {
    const entry = this.get(key);
    if (entry) return entry.value;
    throw new Refusal(this.file, this.map, `"${key}" is missing`);
  }

  /** The text of a key; undefined when it is absent or null. */
  text(key: string): string | undefined {
    const entry = this.get(key);
    if (!entry) return undefined;
    if (entry.value.kind !== 'scalar') return this.refuse(key, `"${key}" must be a text`);
    return entry.value.value === null ? undefined : entry.value.source;
  }

  /** One text or a list of them; empty when the key is absent. */
  texts(key: string): string[] {
    const entry = this.get(key);
    if (!entry || (entry.value.kind === 'scalar' && entry.value.value === null)) return [];
    return scalarList(this.file, entry.value, `"${key}"`).map((scalar) => scalar.source);
  }

  refuse(key: string, cause: string): never {
    throw new Refusal(this.file, this.get(key)?.keyAt ?? this.map, cause);
  }
}
