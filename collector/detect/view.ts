/** What a rule sees of one event: fields by number, each value read and folded at most once an event. */

import { fold } from './pattern.ts';

/** Nesting followed when an event is searched for keywords; what lies deeper is not looked at. */
const MAX_DEPTH = 16;

/** Field names of all rules of a set, numbered: a rule asks for a number, not for a name. */
export class FieldTable {
  readonly names: string[] = [];
  private readonly numbers = new Map<string, number>();

  number(name: string): number {
    const known = this.numbers.get(name);
    if (known !== undefined) return known;
    this.numbers.set(name, this.names.length);
    this.names.push(name);
    return this.names.length - 1;
  }
}

/** Where a view gets its values from: one event, seen as one log source. */
export interface Source {
  /** The value of a field, undefined when the event does not have it. */
  read(field: number): unknown;
  /** Every value of the event, for keywords. */
  everything(): unknown;
}

/** Compares texts; gets them folded unless the test is `cased`. */
export type TextTest = (text: string) => boolean;

export class View {
  private source: Source = { read: () => undefined, everything: () => undefined };
  /** Counts events; a cached value is good while its stamp is the current one. */
  private stamp = 0;
  private readonly rawStamp: number[] = [];
  private readonly rawValue: unknown[] = [];
  private readonly foldedStamp: number[] = [];
  private readonly foldedValue: (string | undefined)[] = [];
  private leavesStamp = -1;
  private leafTexts: string[] = [];
  private leafFolded: string[] = [];

  /** Turns the view to another event. */
  show(source: Source): void {
    this.source = source;
    this.stamp += 1;
  }

  raw(field: number): unknown {
    if (this.rawStamp[field] === this.stamp) return this.rawValue[field];
    const value = this.source.read(field);
    this.rawStamp[field] = this.stamp;
    this.rawValue[field] = value;
    return value;
  }

  /** The value as text; undefined when it is absent, null, a list or a map. */
  text(field: number): string | undefined {
    return textOf(this.raw(field));
  }

  folded(field: number): string | undefined {
    if (this.foldedStamp[field] === this.stamp) return this.foldedValue[field];
    const text = this.text(field);
    const folded = text === undefined ? undefined : fold(text);
    this.foldedStamp[field] = this.stamp;
    this.foldedValue[field] = folded;
    return folded;
  }

  /** Whether the value, or any element of a list, fits. */
  someFolded(field: number, test: TextTest): boolean {
    const folded = this.folded(field);
    if (folded !== undefined) return test(folded);
    const raw = this.raw(field);
    return Array.isArray(raw) && raw.some((element) => testText(element, (text) => test(fold(text))));
  }

  someText(field: number, test: TextTest): boolean {
    const raw = this.raw(field);
    return Array.isArray(raw) ? raw.some((element) => testText(element, test)) : testText(raw, test);
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

  foldedLeaves(): readonly string[] {
    if (this.leafFolded.length !== this.leaves().length) this.leafFolded = this.leafTexts.map(fold);
    return this.leafFolded;
  }

  /** All texts in one, folded: what stands in none of this stands in no leaf. */
  foldedWhole(): string {
    return fold(this.leaves().join('\n'));
  }

  private collectLeaves(): void {
    if (this.leavesStamp === this.stamp) return;
    this.leavesStamp = this.stamp;
    this.leafTexts = [];
    this.leafFolded = [];
    collect(this.source.everything(), this.leafTexts, 0);
  }
}

function testText(value: unknown, test: TextTest): boolean {
  const text = textOf(value);
  return text !== undefined && test(text);
}

/** Numbers and booleans compare as the text people write for them. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value);
  return undefined;
}

function collect(value: unknown, into: string[], depth: number): void {
  const text = textOf(value);
  if (text !== undefined) into.push(text);
  else if (depth < MAX_DEPTH && typeof value === 'object' && value !== null && !(value instanceof Uint8Array))
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
export function lookUp(from: unknown, path: string): unknown {
  if (typeof from !== 'object' || from === null) return undefined;
  if (Array.isArray(from)) {
    const found = from.map((element) => lookUp(element, path)).filter((value) => value !== undefined);
    return found.length === 0 ? undefined : found.flat();
  }
  if (Object.hasOwn(from, path)) return (from as Record<string, unknown>)[path];
  for (let dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
    const head = path.slice(0, dot);
    if (!Object.hasOwn(from, head)) continue;
    const found = lookUp((from as Record<string, unknown>)[head], path.slice(dot + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}
