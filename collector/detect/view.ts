/** What a rule sees of one event: fields by number, each value read, shortened and folded at most once an event. */

import { Allowance, MIN_VALUE_CHARS } from './allowance.ts';
import { charsOf, leftOutOf, MAX_ELEMENTS, shorten } from './huge.ts';
import { Later } from './later.ts';
import { isLong, LONG_CHARS, Needles, type Standing } from './needles.ts';
import { fold } from './pattern.ts';

/** Nesting followed in an event, for keywords and along the paths of fields; what lies deeper is not looked at. */
const MAX_DEPTH = 16;
/** Values and characters of an event searched for keywords; what comes after them is not looked at. */
const MAX_LEAVES = 4_096;
const MAX_LEAF_CHARS = 131_072;

/** Field names of all rules of a set, numbered: a rule asks for a number, not for a name. */
export class FieldTable {
  readonly names: string[] = [];
  /** What the tests of the rules can do without until a value comes that far. */
  readonly later = new Later();
  private readonly numbers = new Map<string, number>();
  private readonly needles = new Map<number, Needles>();

  number(name: string): number {
    const known = this.numbers.get(name);
    if (known !== undefined) return known;
    this.numbers.set(name, this.names.length);
    this.names.push(name);
    return this.names.length - 1;
  }

  /** The texts looked for within a field; of keywords, within every value (EVERY_VALUE). */
  needlesOf(field: number): Needles {
    let needles = this.needles.get(field);
    if (!needles) {
      needles = new Needles();
      this.needles.set(field, needles);
    }
    return needles;
  }

  /** Each field in which texts are looked for, with its needles. */
  searched(): ReadonlyMap<number, Needles> {
    return this.needles;
  }
}

/** Stands for every value of an event where a field's number is asked for. */
export const EVERY_FIELD = -1;

/** Where a view gets its values from: one event, seen as one log source. */
export interface Source {
  /** The value of a field, undefined when the event does not have it. */
  read(field: number): unknown;
  /** Every value of the event, for keywords. */
  everything(): unknown;
}

/** Compares texts; gets them folded unless the test is `cased`. */
export type TextTest = (text: string, view: View) => boolean;

/** A test on folded texts: on one, and whether some of a long list fits. */
export interface FoldedTest {
  readonly one: TextTest;
  readonly some: (texts: readonly string[], view: View) => boolean;
}

export class View {
  private source: Source = { read: () => undefined, everything: () => undefined };
  /** Counts events; a cached value is good while its stamp is the current one. */
  private stamp = 0;
  private readonly rawStamp: number[] = [];
  private readonly rawValue: unknown[] = [];
  private readonly foldedStamp: number[] = [];
  private readonly foldedValue: (string | readonly string[] | undefined)[] = [];
  /** What stands in the long texts and lists of the event, found for all needles of a field at once. */
  private readonly standing = new Map<Needles, Map<string | readonly string[], Standing>>();
  private leavesStamp = -1;
  private leafTexts: string[] = [];
  private leafFolded: string[] = [];
  private leafChars = 0;
  private whole: string | undefined;
  /**
   * Characters of long texts gone through for the event, each counted once for each time it was looked at. What the
   * event cost, without a clock.
   */
  work = 0;
  readonly allowance = new Allowance();
  /** Fields of which only a part was looked at, each with what was left out. */
  readonly leftOut = new Map<number, string>();

  /** Turns the view to another event. */
  show(source: Source): void {
    this.work = 0;
    this.allowance.begin();
    if (this.leftOut.size > 0) this.leftOut.clear();
    this.showAlso(source);
  }

  /** Turns it to another side of the same event: what that may cost is what the sides before have left. */
  showAlso(source: Source): void {
    this.source = source;
    this.stamp += 1;
    if (this.standing.size > 0) this.standing.clear();
  }

  raw(field: number): unknown {
    if (this.rawStamp[field] === this.stamp) return this.rawValue[field];
    const whole = this.source.read(field);
    const value = this.affordable(whole);
    if (value !== whole) this.leftOut.set(field, leftOutOf(whole, value));
    this.rawStamp[field] = this.stamp;
    this.rawValue[field] = value;
    return value;
  }

  /** The value, or as much of it as rules may see. */
  private affordable(whole: unknown): unknown {
    if (typeof whole !== 'string' && !Array.isArray(whole)) return whole;
    if (charsOf(whole) <= MIN_VALUE_CHARS && whole.length <= MIN_VALUE_CHARS) return whole;
    const value = shorten(whole, Math.max(MIN_VALUE_CHARS, this.allowance.chars));
    this.allowance.chars -= charsOf(value);
    return value;
  }

  /** The value as text; undefined when it is absent, null, a list or a map. */
  text(field: number): string | undefined {
    return textOf(this.raw(field));
  }

  folded(field: number): string | undefined {
    const folded = this.foldedOrList(field);
    return typeof folded === 'string' ? folded : undefined;
  }

  /** The texts of a list, folded; undefined when the value is no list. */
  foldedList(field: number): readonly string[] | undefined {
    const folded = this.foldedOrList(field);
    return typeof folded === 'string' ? undefined : folded;
  }

  private foldedOrList(field: number): string | readonly string[] | undefined {
    if (this.foldedStamp[field] === this.stamp) return this.foldedValue[field];
    const raw = this.raw(field);
    let folded: string | readonly string[] | undefined;
    if (Array.isArray(raw)) folded = raw.flatMap((element) => this.foldText(textOf(element)) ?? []);
    else folded = this.foldText(textOf(raw));
    this.foldedStamp[field] = this.stamp;
    this.foldedValue[field] = folded;
    return folded;
  }

  private foldText(text: string | undefined): string | undefined {
    if (text === undefined) return undefined;
    this.charge(text);
    return fold(text);
  }

  /** Counts a look at a text. Short ones cost what they cost: there is nothing to bound. */
  charge(text: string): void {
    if (text.length > LONG_CHARS) this.work += text.length;
  }

  private chargeAll(texts: readonly string[]): void {
    const chars = charsOf(texts);
    if (chars > LONG_CHARS) this.work += chars;
  }

  /** What stands in a long text or list; all needles of the field are looked for at the first question. */
  standingIn(needles: Needles, folded: string | readonly string[]): Standing {
    let values = this.standing.get(needles);
    if (!values) {
      values = new Map();
      this.standing.set(needles, values);
    }
    let standing = values.get(folded);
    if (!standing) {
      if (typeof folded === 'string') this.charge(folded);
      else this.chargeAll(folded);
      standing = needles.in(typeof folded === 'string' ? [folded] : folded);
      values.set(folded, standing);
    }
    return standing;
  }

  /** Takes what a test on a text costs that goes through it by itself. @returns false, and says so, when it is not left */
  affords(field: number, text: string): boolean {
    if (this.allowance.takeSteps(text.length)) {
      this.charge(text);
      return true;
    }
    this.leftOut.set(field, 'so much is looked for in the event that not every test was made');
    return false;
  }

  /** Whether the value, or any element of a list, fits. */
  someFolded(field: number, test: FoldedTest): boolean {
    const folded = this.foldedOrList(field);
    if (typeof folded === 'string') return test.one(folded, this);
    return folded !== undefined && this.someOf(folded, test);
  }

  private someOf(texts: readonly string[], test: FoldedTest): boolean {
    return isLong(texts) ? test.some(texts, this) : texts.some((text) => test.one(text, this));
  }

  someText(field: number, test: TextTest): boolean {
    const raw = this.raw(field);
    return Array.isArray(raw)
      ? raw.some((element) => this.testText(element, test))
      : this.testText(raw, test);
  }

  private testText(value: unknown, test: TextTest): boolean {
    const text = textOf(value);
    return text !== undefined && test(text, this);
  }

  /** Whether the value, or any element of a list, fits. Absent counts as undefined. */
  someValue(field: number, test: (value: unknown) => boolean): boolean {
    const raw = this.raw(field);
    return Array.isArray(raw) ? raw.some(test) : test(raw);
  }

  /** Every text of the event, for keywords. */
  leaves(): readonly string[] {
    this.collectLeaves();
    return this.leafTexts;
  }

  someLeaf(test: FoldedTest): boolean {
    return this.someOf(this.foldedLeaves(), test);
  }

  foldedLeaves(): readonly string[] {
    // Asked first: with another event it empties what was folded of the one before.
    const texts = this.leaves();
    if (this.leafFolded.length !== texts.length)
      this.leafFolded = texts.map((text) => this.foldText(text) ?? '');
    return this.leafFolded;
  }

  /** Whether the texts of the event are long together. */
  hasLongLeaves(): boolean {
    this.collectLeaves();
    return this.leafChars > LONG_CHARS;
  }

  /** All texts in one, folded: what stands in none of this stands in no leaf. */
  foldedWhole(): string {
    const texts = this.leaves();
    this.whole ??= this.foldText(texts.join('\n')) ?? '';
    return this.whole;
  }

  private collectLeaves(): void {
    if (this.leavesStamp === this.stamp) return;
    this.leavesStamp = this.stamp;
    this.leafTexts = [];
    this.leafFolded = [];
    this.whole = undefined;
    const into = { texts: this.leafTexts, charsLeft: MAX_LEAF_CHARS };
    collect(this.source.everything(), into, 0);
    this.leafChars = MAX_LEAF_CHARS - into.charsLeft;
  }
}

/** Numbers and booleans compare as the text people write for them. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value);
  return undefined;
}

function collect(value: unknown, into: { readonly texts: string[]; charsLeft: number }, depth: number): void {
  if (into.texts.length >= MAX_LEAVES || into.charsLeft <= 0) return;
  const text = textOf(shorten(value));
  if (text !== undefined) {
    into.texts.push(text);
    into.charsLeft -= text.length;
  } else if (
    depth < MAX_DEPTH &&
    typeof value === 'object' &&
    value !== null &&
    !(value instanceof Uint8Array)
  )
    for (const inner of Object.values(value)) collect(inner, into, depth + 1);
}

/** An event as a flat JSON object: a key as it stands first, then dots as a path; lists give any of their elements. */
export class JsonSource implements Source {
  private event: Readonly<Record<string, unknown>> = {};
  private readonly fields: FieldTable;

  constructor(fields: FieldTable) {
    this.fields = fields;
  }

  of(event: Readonly<Record<string, unknown>>): this {
    this.event = event;
    return this;
  }

  read(field: number): unknown {
    return lookUp(this.event, this.fields.names[field] ?? '');
  }

  everything(): unknown {
    return Object.fromEntries(Object.entries(this.event).filter(([key]) => !key.startsWith('@')));
  }
}

/** @returns the value at `path`, a list of values where a list is on the way, undefined when there is none */
export function lookUp(from: unknown, path: string, depth = 0): unknown {
  if (typeof from !== 'object' || from === null || depth > MAX_DEPTH) return undefined;
  if (Array.isArray(from)) {
    const found: unknown[] = [];
    for (const element of from) {
      const value = lookUp(element, path, depth + 1);
      if (Array.isArray(value)) found.push(...value);
      else if (value !== undefined) found.push(value);
      // Lists within lists would else be gone through a thousand times a thousand.
      if (found.length > MAX_ELEMENTS) break;
    }
    return found.length === 0 ? undefined : found;
  }
  if (Object.hasOwn(from, path)) return (from as Record<string, unknown>)[path];
  for (let dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
    const head = path.slice(0, dot);
    if (!Object.hasOwn(from, head)) continue;
    const found = lookUp((from as Record<string, unknown>)[head], path.slice(dot + 1), depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}
