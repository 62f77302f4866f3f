/** The engine: which detection rules match an event. */

import { compileExpression, type Predicate } from './compile.ts';
import type { Expression } from './expression.ts';
import { Later } from './later.ts';
import type { DetectionRule, LogSource } from './rule.ts';
import { type Candidates, createRuleIndex, type RuleIndex } from './rule-index.ts';
import { type Known, simplify } from './simplify.ts';
import { createSourceTable } from './source-table.ts';
import { FieldTable, View } from './view.ts';

/**
 * Log sources remembered with their rules. Each costs up to an index of the whole set. What no rule names makes no
 * difference, but events choose among the names, so past it all are forgotten and made again when they come.
 */
const MAX_ROUTES = 500;

/** The rules that look at one log source, with their index. */
export interface Route {
  readonly rules: readonly DetectionRule[];
  readonly matches: readonly Predicate[];
  readonly index: RuleIndex;
  /** What the index can do without until a value comes that far. */
  readonly later: Later;
}

export interface Engine {
  readonly fields: FieldTable;
  /** The rules for a log source; undefined stands for every rule. */
  route(source: LogSource | undefined): Route;
  /**
   * The rules for a log source whose events have only fields that are known: rules that cannot match are left out,
   * and so are those that `asks` does not want.
   */
  routeKnowing(
    source: LogSource,
    known: (field: string) => Known,
    asks?: (rule: DetectionRule) => boolean,
  ): Route;
  /**
   * Makes, a step at a time, all automatons that the first events of these routes would else wait for. A step takes
   * some milliseconds. Does nothing to verdicts.
   */
  prepare(routes: readonly Route[]): Generator<undefined, void>;
  /** The rules of the route that match what the view shows, in the order of the set. */
  match(view: View, route: Route): DetectionRule[];
  /** The same without the index: every rule of the route is asked. For tests, and to measure what the index is worth. */
  matchPlainly(view: View, route: Route): DetectionRule[];
}

export function createEngine(rules: readonly DetectionRule[]): Engine {
  const fields = new FieldTable();
  const sources = createSourceTable(rules);
  const predicates = new Map<DetectionRule, Predicate>();
  const routes = new Map<string, Route>();
  const everyRule = lazy(() => routeOf(rules, (rule) => rule.expression));
  const asking = new Asking();

  function predicateOf(rule: DetectionRule): Predicate {
    let predicate = predicates.get(rule);
    if (!predicate) {
      predicate = compileExpression(rule.expression, fields);
      predicates.set(rule, predicate);
    }
    return predicate;
  }

  function routeOf(
    fitting: readonly DetectionRule[],
    expressionOf: (rule: DetectionRule) => Expression,
  ): Route {
    const expressions = fitting.map(expressionOf);
    const later = new Later();
    return {
      later,
      rules: fitting,
      matches: fitting.map((rule, index) => {
        const expression = expressions[index] ?? rule.expression;
        return expression === rule.expression ? predicateOf(rule) : compileExpression(expression, fields);
      }),
      index: createRuleIndex(expressions, fields, later),
    };
  }

  function match(view: View, route: Route): DetectionRule[] {
    const found = asking.matching(view, route);
    if (found.length > 1) found.sort((one, other) => one - other);
    return found.map((rule) => route.rules[rule] as DetectionRule);
  }

  return {
    fields,

    route(called) {
      if (called === undefined) return everyRule();
      const source = sources.named(called);
      const key = `${source.category ?? ''}\n${source.product ?? ''}\n${source.service ?? ''}`;
      const known = routes.get(key);
      if (known) return known;
      if (routes.size >= MAX_ROUTES) routes.clear();
      const route = routeOf(sources.covering(source), (rule) => rule.expression);
      routes.set(key, route);
      return route;
    },

    routeKnowing(source, known, asks = () => true) {
      const left = new Map<DetectionRule, Expression>();
      for (const rule of sources.covering(source)) {
        if (!asks(rule)) continue;
        const expression = simplify(rule.expression, known, testConstant);
        if (expression === false) continue;
        left.set(rule, expression === true ? rule.expression : expression);
      }
      return routeOf([...left.keys()], (rule) => left.get(rule) ?? rule.expression);
    },

    *prepare(made) {
      for (const { later } of made) yield* later.make();
      yield* fields.later.make();
      for (const needles of fields.searched().values()) {
        needles.ready();
        yield;
      }
    },

    match,

    matchPlainly(view, route) {
      return route.rules.filter((_, index) => route.matches[index]?.(view));
    },
  };
}

/** Asks the rules that an index names, each once. */
class Asking implements Candidates {
  /** Rules already asked of the event at hand: the number of the call stands at the rule's place. */
  private readonly seen: number[] = [];
  private calls = 0;
  private found: number[] = [];
  private view: View | undefined;
  private matches: readonly Predicate[] = [];

  matching(view: View, route: Route): number[] {
    this.calls += 1;
    this.found = [];
    this.view = view;
    this.matches = route.matches;
    route.index.candidates(view, this);
    return this.found;
  }

  add(rule: number): void {
    if (this.seen[rule] === this.calls) return;
    this.seen[rule] = this.calls;
    if (this.matches[rule]?.(this.view as View)) this.found.push(rule);
  }
}

const constants = new View();

/** Decides a test on a constant by the same code that would decide it on an event. */
function testConstant(test: Parameters<Parameters<typeof simplify>[2]>[0], value: string): boolean {
  const fields = new FieldTable();
  const predicate = compileExpression(
    { kind: 'field', field: 'constant', test, at: { line: 1, column: 1 } },
    fields,
  );
  constants.show({ read: () => value, everything: () => undefined });
  return predicate(constants);
}

function lazy<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
