/** A set of rules that belong together: references resolved, filters applied, what cannot be used refused. */

import { all } from './expression.ts';
import { nearest, type Place, Refusal } from './refusal.ts';
import {
  type CorrelationRule,
  coversSource,
  type DetectionRule,
  type FilterRule,
  type Rule,
} from './rule.ts';

export interface LinkedCorrelation {
  readonly rule: CorrelationRule;
  /** The rules it refers to, in its order. */
  readonly inputs: readonly (DetectionRule | CorrelationRule)[];
  /** For each input, the field that each group-by name means in its events. */
  readonly groupFields: readonly (readonly string[])[];
  /** For each input, the fields that are measured, aliases resolved. */
  readonly measuredFields: readonly (readonly string[])[];
}

export interface RuleSet {
  /** Filters are already part of the expressions. */
  readonly detections: readonly DetectionRule[];
  /** Each after those it refers to. */
  readonly correlations: readonly LinkedCorrelation[];
  readonly filters: readonly FilterRule[];
  /** Rules that only feed correlations and give no findings of their own. */
  readonly silent: ReadonlySet<Rule>;
  readonly refusals: readonly Refusal[];
}

/** What a rule is called where one word must do. */
export function keyOf(rule: Rule): string {
  return rule.id ?? rule.name ?? rule.title;
}

/**
 * Makes a set of rules that were read, in their order.
 * @param refusals of those that could not be read; what cannot be linked is added
 */
export function linkRules(read: readonly Rule[], refusals: Refusal[]): RuleSet {
  const rules: Rule[] = [];
  const byReference = new Map<string, Rule>();
  for (const rule of read) {
    const double = register(byReference, rule);
    if (double) refusals.push(double);
    else rules.push(rule);
  }
  const linker = new Linker(byReference, refusals);
  const filters = rules
    .filter((rule) => rule.kind === 'filter')
    .filter((filter) => linker.filterIsSound(filter));
  const detections = rules
    .filter((rule) => rule.kind === 'detection')
    .map((rule) => linker.replace(rule, applyFilters(rule, filters)));
  const correlations = linker.link(rules.filter((rule) => rule.kind === 'correlation'));
  return { detections, correlations, filters, silent: linker.silent(correlations), refusals };
}

/** @returns a refusal when the id or name is already taken */
function register(byReference: Map<string, Rule>, rule: Rule): Refusal | undefined {
  for (const [word, value] of [
    ['id', rule.id],
    ['name', rule.name],
  ] as const) {
    const first = value === undefined ? undefined : byReference.get(value);
    if (first)
      return new Refusal(
        rule.file,
        rule.at,
        `${word} "${value}" already belongs to "${first.title}" (${first.file}:${first.at.line}); give one of them another`,
      );
  }
  if (rule.id !== undefined) byReference.set(rule.id, rule);
  if (rule.name !== undefined) byReference.set(rule.name, rule);
  return undefined;
}

function applyFilters(rule: DetectionRule, filters: readonly FilterRule[]): DetectionRule {
  const fitting = filters.filter(
    (filter) =>
      coversSource(filter.logsource, rule.logsource) &&
      (filter.rules === undefined ||
        filter.rules.some(({ reference }) => reference === rule.id || reference === rule.name)),
  );
  if (fitting.length === 0) return rule;
  const parts = fitting.map((filter) => ({
    kind: 'named' as const,
    name: `filter "${filter.title}"`,
    part: filter.expression,
  }));
  return { ...rule, expression: all([rule.expression, ...parts]) };
}

class Linker {
  private readonly byReference: Map<string, Rule>;
  private readonly refusals: Refusal[];
  private readonly linked = new Map<CorrelationRule, LinkedCorrelation | 'refused' | 'open'>();

  constructor(byReference: Map<string, Rule>, refusals: Refusal[]) {
    this.byReference = byReference;
    this.refusals = refusals;
  }

  replace(rule: DetectionRule, filtered: DetectionRule): DetectionRule {
    for (const reference of [rule.id, rule.name])
      if (reference !== undefined) this.byReference.set(reference, filtered);
    return filtered;
  }

  filterIsSound(filter: FilterRule): boolean {
    for (const { reference, at } of filter.rules ?? []) {
      const rule = this.byReference.get(reference);
      if (rule?.kind === 'detection') continue;
      const cause = rule
        ? `"${reference}" is a ${rule.kind}; a filter applies to detection rules`
        : this.unknown(reference);
      this.refusals.push(new Refusal(filter.file, at, cause));
      return false;
    }
    return true;
  }

  /** Each correlation after those it refers to. */
  link(correlations: readonly CorrelationRule[]): LinkedCorrelation[] {
    const ordered: LinkedCorrelation[] = [];
    for (const rule of correlations) this.linkOne(rule, ordered, []);
    return ordered;
  }

  silent(correlations: readonly LinkedCorrelation[]): Set<Rule> {
    const silent = new Set<Rule>();
    for (const { inputs } of correlations) for (const input of inputs) silent.add(input);
    for (const { rule, inputs } of correlations)
      if (rule.generate) for (const input of inputs) silent.delete(input);
    return silent;
  }

  private linkOne(
    rule: CorrelationRule,
    ordered: LinkedCorrelation[],
    way: readonly CorrelationRule[],
  ): boolean {
    const state = this.linked.get(rule);
    if (state === 'refused') return false;
    if (state === 'open') {
      const circle = [...way.slice(way.indexOf(rule)), rule]
        .map((one) => `"${keyOf(one)}"`)
        .join(' refers to ');
      throw new Circle(circle);
    }
    if (state) return true;
    this.linked.set(rule, 'open');
    try {
      const inputs = rule.rules.map(({ reference, at }) =>
        this.resolve(rule, reference, at, ordered, [...way, rule]),
      );
      const linked = {
        rule,
        inputs,
        groupFields: inputs.map((input, index) => this.fieldsFor(rule, rule.groupBy, input, index)),
        measuredFields: inputs.map((input, index) => this.fieldsFor(rule, rule.fields, input, index)),
      };
      this.checkAliases(rule, inputs);
      this.linked.set(rule, linked);
      ordered.push(linked);
      return true;
    } catch (error) {
      this.linked.set(rule, 'refused');
      if (error instanceof Circle) {
        this.refusals.push(new Refusal(rule.file, rule.at, `correlations in a circle: ${error.message}`));
        if (way.length > 0) throw error;
        return false;
      }
      if (!(error instanceof Refusal)) throw error;
      this.refusals.push(error);
      return false;
    }
  }

  private resolve(
    rule: CorrelationRule,
    reference: string,
    at: Place,
    ordered: LinkedCorrelation[],
    way: readonly CorrelationRule[],
  ): DetectionRule | CorrelationRule {
    const found = this.byReference.get(reference);
    if (!found) throw new Refusal(rule.file, at, this.unknown(reference));
    if (found.kind === 'filter')
      throw new Refusal(rule.file, at, `"${reference}" is a filter; a correlation counts rules`);
    if (found.kind === 'correlation' && !this.linkOne(found, ordered, way))
      throw new Refusal(rule.file, at, `"${reference}" (${found.file}:${found.at.line}) was refused`);
    return found;
  }

  /** An alias means another field for each rule; any other name means itself. */
  private fieldsFor(
    rule: CorrelationRule,
    names: readonly string[],
    input: DetectionRule | CorrelationRule,
    index: number,
  ): string[] {
    return names.map((name) => {
      const alias = rule.aliases.get(name);
      if (!alias) return name;
      const field = [input.name, input.id, rule.rules[index]?.reference]
        .map((reference) => (reference === undefined ? undefined : alias.get(reference)))
        .find((found) => found !== undefined);
      if (field !== undefined) return field;
      throw new Refusal(rule.file, rule.at, `alias "${name}" has no field for "${keyOf(input)}"; name one`);
    });
  }

  private checkAliases(rule: CorrelationRule, inputs: readonly Rule[]): void {
    for (const [alias, fields] of rule.aliases)
      for (const reference of fields.keys())
        if (!inputs.some((input) => input.name === reference || input.id === reference))
          throw new Refusal(
            rule.file,
            rule.at,
            `alias "${alias}" names "${reference}", which is not in "rules"`,
          );
  }

  private unknown(reference: string): string {
    const near = nearest(reference, this.byReference.keys());
    return `no rule has the id or name "${reference}"${near ? `; did you mean "${near}"?` : '; load the file that has it, or look among the refused'}`;
  }
}

class Circle extends Error {}
