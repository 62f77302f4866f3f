/** What is odd about rules that can be used: things a second pair of eyes would ask about. */

import type { CompareOperator, Expression } from './expression.ts';
import { createFeeds, sourceText } from './feed.ts';
import { ANY, shapeOf } from './pattern.ts';
import type { Place, Refusal } from './refusal.ts';
import {
  type CorrelationRule,
  coversSource,
  type DetectionRule,
  type FilterRule,
  type Rule,
} from './rule.ts';
import { keyOf, type RuleSet } from './ruleset.ts';
import { MAX_ENTRIES } from './window.ts';

export interface Problem {
  readonly file: string;
  readonly place: Place;
  /** error: the rule is refused. warning: it will hardly do what was meant. note: it could be better. */
  readonly severity: 'error' | 'warning' | 'note';
  /** A short name, for filters and JSON. */
  readonly code: string;
  readonly rule: string | undefined;
  readonly message: string;
}

/** @param product the host's operating system as Sigma names it; rules for others are not asked whether they are fed */
export function lint(rules: RuleSet, product: string): Problem[] {
  const problems = rules.refusals.map(refused);
  const feeds = createFeeds(rules.detections, product);
  const say = (rule: Rule, severity: Problem['severity'], code: string, message: string, place = rule.at) => {
    problems.push({ file: rule.file, place, severity, code, rule: keyOf(rule), message });
  };

  function lintHead(rule: Rule): void {
    const isSilent = rules.silent.has(rule);
    for (const { severity, code, message, at } of rule.doubts) say(rule, severity, code, message, at);
    if (rule.id === undefined)
      say(rule, 'note', 'no-id', 'has no id; findings then name it by its name or title, which may change');
    else if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(rule.id))
      say(rule, 'note', 'id-not-uuid', `id "${rule.id}" is no UUID`);
    for (const tag of rule.tags)
      if (!/^[a-z0-9_-]+\.[a-z0-9._-]+$/.test(tag))
        say(rule, 'note', 'tag-form', `tag "${tag}" is not namespace.name in lower case`);
    if (rule.kind === 'filter' || isSilent) return;
    if (rule.description === '') say(rule, 'note', 'no-description', 'has no description');
    if (rule.falsePositives.length === 0) say(rule, 'note', 'no-false-positives', 'names no false positives');
    if (!rule.tags.some((tag) => tag.startsWith('attack.')))
      say(rule, 'note', 'no-attack', 'has no ATT&CK tag');
    if (rule.machines.length > 0)
      say(
        rule,
        'note',
        'scope',
        `is meant for ${rule.machines.join(', ')}, and is used on every host that has it`,
      );
    if (rule.status === 'deprecated' || rule.status === 'unsupported')
      say(rule, 'warning', 'status', `its status is ${rule.status}, and it is used all the same`);
  }

  function lintDetection(rule: DetectionRule): void {
    for (const name of rule.unused) {
      const message = `search identifier "${name}" is never used in the condition`;
      say(rule, 'warning', 'unused-identifier', message);
    }
    lintExpression(rule, rule.expression);
    const { product: wanted } = rule.logsource;
    if (wanted !== undefined && wanted !== product && wanted !== 'spoor') return;
    const feed = feeds.of(rule);
    if (feed.kind === 'no source')
      say(
        rule,
        'warning',
        'no-source',
        `no event of this host is shown as ${sourceText(rule.logsource)}: it can never match`,
      );
    else if (feed.kind === 'no field') {
      const fields =
        feed.missing.length > 0
          ? `no event has ${feed.missing.join(', ')}`
          : 'its fields do not come together in one event';
      say(rule, 'warning', 'no-field', `can never match: ${fields} in ${sourceText(rule.logsource)}`);
    }
  }

  function lintExpression(rule: DetectionRule | FilterRule, expression: Expression): void {
    if (expression.kind === 'and' || expression.kind === 'or')
      for (const part of expression.parts) lintExpression(rule, part);
    else if (expression.kind === 'not' || expression.kind === 'named') lintExpression(rule, expression.part);
    else if (expression.kind === 'field') lintField(rule, expression);
  }

  function lintField(rule: Rule, { field, test, at }: Extract<Expression, { kind: 'field' }>): void {
    if (test.kind === 'regex' && !/[\\^$.|?*+()[\]{}]/.test(test.source))
      say(
        rule,
        'note',
        'plain-regex',
        `expression "${test.source}" is plain text; contains|cased says the same and is quicker`,
        at,
      );
    if (test.kind !== 'text') return;
    const shape = shapeOf(test.pattern);
    if (shape.kind === 'contains' && /^[A-Za-z0-9+/]{4,}=+$/.test(shape.text))
      say(
        rule,
        'warning',
        'base64-padding',
        `"${shape.text}" is looked for with its padding: within a longer text it has none; use base64offset`,
        at,
      );
    if (shape.kind === 'general' && test.pattern.every((piece) => piece === ANY || typeof piece !== 'string'))
      say(rule, 'warning', 'only-wildcards', `the value of "${field}" is wildcards only`, at);
  }

  function lintFilter(rule: FilterRule): void {
    if (!/\bnot\b/i.test(rule.conditionText))
      say(
        rule,
        'warning',
        'filter-without-not',
        `condition "${rule.conditionText}" keeps only what it selects: filters are added with AND, so "not ${rule.conditionText}" is usually meant`,
      );
    const covered = rules.detections.filter((one) => coversSource(rule.logsource, one.logsource));
    if (rule.rules === undefined && covered.length === 0)
      say(rule, 'note', 'filter-unused', 'its log source covers no rule, so it applies to none');
    for (const { reference, at } of rule.rules ?? [])
      if (!covered.some(({ id, name }) => id === reference || name === reference))
        say(
          rule,
          'warning',
          'filter-source',
          `is not applied to "${reference}": its log source does not cover that rule's`,
          at,
        );
    lintExpression(rule, rule.expression);
  }

  function lintCorrelation(rule: CorrelationRule): void {
    const linked = rules.correlations.find((one) => one.rule === rule);
    if (rule.groupBy.length === 0)
      say(rule, 'warning', 'no-group-by', 'has no group-by: everything that matches is one group');
    if (
      rule.type === 'value_count' &&
      rule.comparisons.some(({ operator, value }) => isPast(operator, value))
    )
      say(
        rule,
        'warning',
        'never-reached',
        `never holds: a window counts at most ${MAX_ENTRIES} different values`,
      );
    for (const [index, input] of (linked?.inputs ?? []).entries()) {
      if (input.kind !== 'detection') continue;
      const { product: wanted } = input.logsource;
      if (wanted !== undefined && wanted !== product && wanted !== 'spoor') continue;
      for (const field of [...(linked?.groupFields[index] ?? []), ...(linked?.measuredFields[index] ?? [])])
        if (feeds.of(input).kind === 'fed' && !feeds.hasField(input, field))
          say(
            rule,
            'warning',
            'no-group-field',
            `no event of "${keyOf(input)}" has the field "${field}": it is never counted`,
          );
    }
  }

  for (const rule of rules.detections) {
    lintHead(rule);
    lintDetection(rule);
  }
  for (const { rule } of rules.correlations) {
    lintHead(rule);
    lintCorrelation(rule);
  }
  for (const rule of rules.filters) {
    lintHead(rule);
    lintFilter(rule);
  }
  return problems;
}

function isPast(operator: CompareOperator, value: number): boolean {
  return operator === 'gt' ? value >= MAX_ENTRIES : /^(gte|eq)$/.test(operator) && value > MAX_ENTRIES;
}

function refused(refusal: Refusal): Problem {
  const { file, place, message } = refusal;
  return { file, place, severity: 'error', code: 'refused', rule: undefined, message };
}
