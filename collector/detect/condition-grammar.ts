/** The grammar that all of Sigma's conditions share: or binds loosest, then and, not, brackets. */

/** A condition people write fits in a few lines; a longer one is refused before it is taken apart. */
const MAX_CONDITION_CHARS = 20_000;

/** Brackets within brackets; past it the condition is refused, so that its reader's stack is not at its mercy. */
const MAX_BRACKETS = 50;

/** What the grammar's parts become. */
export interface ConditionNodes<Node> {
  readonly and: (parts: readonly Node[]) => Node;
  readonly or: (parts: readonly Node[]) => Node;
  readonly not: (part: Node) => Node;
  /** What stands between the words: a name, or what begins with one. */
  readonly operand: (words: Words) => Node;
  /** What an operand is called where one is missing. */
  readonly operandName: string;
}

/** The words and brackets of a condition, taken one by one. */
export class Words {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = text.match(/[()]|[^\s()]+/g) ?? [];
  }

  /** The next one in lower case, as keywords are read; empty at the end. */
  get next(): string {
    return (this.#tokens[this.#at] ?? '').toLowerCase();
  }

  /** As it was written; undefined at the end. */
  take(): string | undefined {
    const token = this.#tokens[this.#at];
    this.#at += 1;
    return token;
  }

  /** Takes the next one if it is this. */
  takeIf(word: string): boolean {
    if (this.next !== word) return false;
    this.#at += 1;
    return true;
  }

  get rest(): string | undefined {
    return this.#tokens[this.#at];
  }
}

/** @param refuse called with the cause; must throw */
export function parseCondition<Node>(
  text: string,
  nodes: ConditionNodes<Node>,
  refuse: (cause: string) => never,
): Node {
  if (text.length > MAX_CONDITION_CHARS)
    refuse(`the condition has more than ${MAX_CONDITION_CHARS} characters`);
  const words = new Words(text);
  let brackets = 0;

  function or(): Node {
    const parts = [and()];
    while (words.takeIf('or')) parts.push(and());
    return parts.length === 1 ? (parts[0] as Node) : nodes.or(parts);
  }

  function and(): Node {
    const parts = [not()];
    while (words.takeIf('and')) parts.push(not());
    return parts.length === 1 ? (parts[0] as Node) : nodes.and(parts);
  }

  function not(): Node {
    let isNegated = false;
    while (words.takeIf('not')) isNegated = !isNegated;
    const part = operand();
    return isNegated ? nodes.not(part) : part;
  }

  function operand(): Node {
    const { next, rest } = words;
    if (rest === undefined)
      return refuse(`the condition "${text}" ends where a ${nodes.operandName} must follow`);
    if (words.takeIf('(')) {
      brackets += 1;
      if (brackets > MAX_BRACKETS)
        refuse(`the condition has more than ${MAX_BRACKETS} brackets within brackets`);
      const inner = or();
      if (!words.takeIf(')')) refuse(`the condition "${text}" has a bracket that is not closed`);
      brackets -= 1;
      return inner;
    }
    if (next === 'and' || next === 'or' || next === ')')
      return refuse(`the condition "${text}" has "${rest}" where a ${nodes.operandName} must stand`);
    return nodes.operand(words);
  }

  const node = or();
  if (words.rest !== undefined)
    refuse(`the condition "${text}" has "${words.rest}" where and, or or its end must stand`);
  return node;
}
