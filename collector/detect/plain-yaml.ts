/**
 * Reads the YAML that nearly all rule files are written in: block maps and lists, scalars of one line, literal blocks.
 * 0.2 s for 3,755 rules against 1.7 s of the whole language (node dist/test/bench/detect.js --load). What it does not
 * know for certain it leaves to the parser; a test compares both, tree and places, over every rule file there is.
 */

import type { Place } from './refusal.ts';
import type { YamlEntry, YamlMap, YamlScalar, YamlTree } from './yaml-tree.ts';

/** Longer files are left to the parser, which has the limits. */
const MAX_CHARS = 65_536;
const MAX_LINES = 2_000;
/** Levels of maps and lists, as deep as rules go. */
const MAX_DEPTH = 12;

/** Blanks and breaks but the space and the line feed, control characters, marks between documents. */
const NOT_PLAIN = /[^\S \n]|(?!\n)\p{Cc}|\ufeff|^(?:---|\.\.\.|%)/mu;

/** A key that needs no quotes, and what stands after its colon. */
const ENTRY = /^([A-Za-z_][\w.|@-]*):(?: +(.*))?$/;
const SINGLE_QUOTED = /^'((?:[^']|'')*)'(?: +#.*)?$/;
const DOUBLE_QUOTED = /^"([^"\\]*)"(?: +#.*)?$/;
/** Begins with no sign of YAML's own, and is no number, date with a time or the like. */
const PLAIN_TEXT = /^[A-Za-z(/\\$;<^_=+.]/;
/** Words that mean no text. */
const NO_TEXT = /^(?:null|true|false|[-+]?\.(?:inf|nan)|[-+.]?\d.*)$/i;
/** Begin with a digit and are text all the same: dates and ids. */
const TEXT_OF_DIGITS =
  /^(?:\d{4}[-/]\d\d[-/]\d\d|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/;
const WHOLE_NUMBER = /^(?:0|[1-9]\d{0,14})$/;

/** One line that says something: how far it is indented, and the rest. */
interface Line {
  readonly number: number;
  readonly indent: number;
  readonly text: string;
}

/** @returns undefined when the text needs the whole language, or is at fault */
export function readPlainYaml(text: string): YamlMap | undefined {
  if (text.length > MAX_CHARS || NOT_PLAIN.test(text)) return undefined;
  const rows = text.split('\n');
  if (rows.length > MAX_LINES) return undefined;
  try {
    const reader = new Reader(rows);
    const map = reader.map(0, 0);
    return reader.isAtEnd ? map : undefined;
  } catch (error) {
    if (error === LEFT_TO_PARSER) return undefined;
    throw error;
  }
}

const LEFT_TO_PARSER = new Error('left to the parser');

function leave(): never {
  throw LEFT_TO_PARSER;
}

class Reader {
  private readonly rows: readonly string[];
  private at = 0;
  private line: Line | undefined;

  constructor(rows: readonly string[]) {
    this.rows = rows;
    this.next();
  }

  get isAtEnd(): boolean {
    return this.line === undefined;
  }

  /** Goes to the next line that is neither empty nor a comment. */
  private next(): void {
    for (; this.at < this.rows.length; this.at += 1) {
      const row = this.rows[this.at] as string;
      const text = row.trim();
      if (text === '' || text.startsWith('#')) continue;
      this.at += 1;
      this.line = { number: this.at, indent: row.length - row.trimStart().length, text };
      return;
    }
    this.line = undefined;
  }

  map(indent: number, depth: number): YamlMap {
    const first = this.line ?? leave();
    if (depth > MAX_DEPTH || first.indent !== indent) leave();
    const at = placeOf(first, 0);
    const entries: YamlEntry[] = [];
    const keys = new Set<string>();
    while (this.line && this.line.indent === indent && !isItem(this.line.text)) {
      const entry = this.entry(this.line, indent, depth);
      if (keys.has(entry.key)) leave();
      keys.add(entry.key);
      entries.push(entry);
    }
    if (this.line && this.line.indent > indent) leave();
    if (entries.length === 0) leave();
    return { kind: 'map', entries, ...at };
  }

  private entry(line: Line, indent: number, depth: number): YamlEntry {
    const match = ENTRY.exec(line.text) ?? leave();
    const key = match[1] as string;
    if (NO_TEXT.test(key)) leave();
    const keyAt = placeOf(line, 0);
    const rest = (match[2] ?? '').trim();
    const value =
      rest === '' || rest.startsWith('#')
        ? this.below(indent, depth, rest)
        : this.scalar(rest, { ...keyAt, column: keyAt.column + line.text.length - rest.length }, indent);
    return { key, keyAt, value };
  }

  /** What is indented under a key; a list may stand as far left as its key. */
  private below(indent: number, depth: number, rest: string): YamlTree {
    if (rest !== '') leave();
    this.next();
    const line = this.line;
    if (!line) return leave();
    if (isItem(line.text) && line.indent >= indent) return this.list(line.indent, depth + 1);
    return line.indent > indent ? this.map(line.indent, depth + 1) : leave();
  }

  private list(indent: number, depth: number): YamlTree {
    const first = this.line ?? leave();
    if (depth > MAX_DEPTH) leave();
    const at = placeOf(first, 0);
    const items: YamlTree[] = [];
    while (this.line && this.line.indent === indent && isItem(this.line.text))
      items.push(this.item(this.line, depth));
    if (this.line && this.line.indent > indent) leave();
    return { kind: 'list', items, ...at };
  }

  private item(line: Line, depth: number): YamlTree {
    const rest = line.text.slice(1).trimStart();
    if (rest === '' || rest.startsWith('#') || isItem(rest)) leave();
    const by = line.text.length - rest.length;
    if (!ENTRY.test(rest)) return this.scalar(rest, placeOf(line, by), line.indent);
    // A map that begins behind the dash goes on in the same column.
    this.line = { number: line.number, indent: line.indent + by, text: rest };
    return this.map(line.indent + by, depth + 1);
  }

  /** @param indent of the map or list that the value belongs to: what is further in would go on with it */
  private scalar(rest: string, at: Place, indent: number): YamlScalar {
    if (rest === '|') return this.literal(at, indent);
    this.next();
    if (this.line && this.line.indent > indent) leave();
    return { kind: 'scalar', ...scalarOf(rest), ...at };
  }

  /** Lines as they stand, up to the first one that is not further in. */
  private literal(at: Place, indent: number): YamlScalar {
    const lines: string[] = [];
    let width = -1;
    for (; this.at < this.rows.length; this.at += 1) {
      const row = this.rows[this.at] as string;
      if (row.trim() === '') {
        // Blanks alone may or may not be part of the text.
        if (row !== '') leave();
        lines.push('');
        continue;
      }
      const own = row.length - row.trimStart().length;
      if (width < 0) {
        // Empty lines before the first are part of the text too.
        if (lines.length > 0) leave();
        width = own;
      }
      if (own <= indent || own < width) break;
      lines.push(row.slice(width));
    }
    while (lines.at(-1) === '') lines.pop();
    if (width <= indent || lines.length === 0) leave();
    this.next();
    if (this.line && this.line.indent > indent) leave();
    const value = `${lines.join('\n')}\n`;
    return { kind: 'scalar', value, source: value, ...at };
  }
}

function isItem(text: string): boolean {
  return text === '-' || text.startsWith('- ');
}

function placeOf(line: Line, by: number): Place {
  return { line: line.number, column: line.indent + by + 1 };
}

function scalarOf(rest: string): Pick<YamlScalar, 'value' | 'source'> {
  const quoted = SINGLE_QUOTED.exec(rest)?.[1]?.replaceAll("''", "'") ?? DOUBLE_QUOTED.exec(rest)?.[1];
  if (quoted !== undefined) return { value: quoted, source: quoted };
  const comment = rest.indexOf(' #');
  const text = comment < 0 ? rest : rest.slice(0, comment).trimEnd();
  if (text.includes(': ') || text.endsWith(':')) leave();
  if (WHOLE_NUMBER.test(text)) return { value: Number(text), source: text };
  if (text === 'true' || text === 'false') return { value: text === 'true', source: text };
  if (text === 'null') return { value: null, source: text };
  if (TEXT_OF_DIGITS.test(text) || (PLAIN_TEXT.test(text) && !NO_TEXT.test(text)))
    return { value: text, source: text };
  return leave();
}
