/**
 * Secrets that a name announces within the text: NAME=value, --name=value, "name": "value", Header: value,
 * ?name=value. One look at each `=` and `:`; the name is read backwards from it, at most MAX_NAME_CHARACTERS.
 */

import { type Announced, announcedBy, MAX_NAME_CHARACTERS } from './secret-name.ts';
import type { Span } from './span.ts';
import { isNoSecret, isReference, looksRandom } from './value.ts';

/** Between arguments; no argument can hold it (execve(2) takes strings that end at a NUL). */
export const ARGUMENT_END = '\0';

/** Names that are secrets in a query, where "key" is no sort key and "sig" no signal. */
const QUERY_NAMES = new Set(
  'key apikey sig signature auth code sid session pass pwd hmac st se sas'.split(' '),
);

/** @param isScriptAt whether the text at a place is read by a shell: blanks end a value there, $NAME is a reference */
export function findAssignments(text: string, isScriptAt: (at: number) => boolean, spans: Span[]): void {
  for (let at = 0; at < text.length; at += 1) {
    const sign = text.charCodeAt(at);
    if (sign !== EQUALS && sign !== COLON) continue;
    const apart = sign === EQUALS ? apartFrom(text, at) : { nameEnd: at, value: at + 1 };
    const name = nameBefore(text, apart.nameEnd);
    if (name.from === name.to) continue;
    // https://x-access-token:SECRET@host is userinfo (urls.ts), https://token:8080/ a port.
    if (sign === COLON && text.startsWith('//', name.from - 2)) continue;
    const announced = announcedAt(text, name, sign);
    if (announced === 'no') continue;
    const valueIn = (part: string) =>
      sign === COLON
        ? valueAfterColon(part, apart.value, name)
        : valueAfterEquals(part, apart.value, name, isScriptAt);
    // A short look first: text is only read to a value's end when all of it will be masked and passed over.
    const near = valueIn(text.slice(0, at + PEEK_CHARACTERS));
    if (!near || !isSecretValue(text, near, announced, isScriptAt(at))) continue;
    const value = valueIn(text) ?? near;
    spans.push(value);
    at = Math.max(at, value.to - 1);
  }
}

/** Enough to see the quote, the scheme and whether a value is random. */
const PEEK_CHARACTERS = 160;
const EQUALS = 0x3d;
const COLON = 0x3a;

/** More than a formatter puts around a sign. */
const MAX_BLANKS = 16;

/**
 * Where the name of an `=` ends and its value begins. In programs they may stand apart, and the name in brackets:
 * token = "value", environ['API_KEY'] = 'value', $ENV{API_KEY}='value'. Followed before a quoted value only; elsewhere `=` between blanks compares.
 */
function apartFrom(text: string, at: number): { readonly nameEnd: number; readonly value: number } {
  let value = at + 1;
  while (isBlank(text, value) && value - at <= MAX_BLANKS) value += 1;
  if (!openingQuote(text, value)) return { nameEnd: at, value: at + 1 };
  let nameEnd = at;
  while (isBlank(text, nameEnd - 1) && at - nameEnd < MAX_BLANKS) nameEnd -= 1;
  return { nameEnd: text[nameEnd - 1] === ']' || text[nameEnd - 1] === '}' ? nameEnd - 1 : nameEnd, value };
}

function isBlank(text: string, at: number): boolean {
  return text[at] === ' ' || text[at] === '\t';
}

/** The run of name characters that ends at `at`, with a quote after it left out ("name": value). */
function nameBefore(text: string, at: number): Span {
  let to = at;
  if (text[to - 1] === '"' || text[to - 1] === "'") to -= 1;
  if (text[to - 1] === '\\') to -= 1;
  // YAML and HTTP allow blanks before the sign in places, but a word before a blank is rarely a name: not followed.
  let from = to;
  while (from > 0 && to - from <= MAX_NAME_CHARACTERS && isNameCharacter(text.charCodeAt(from - 1)))
    from -= 1;
  return { from, to };
}

function isNameCharacter(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x39) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x61 && code <= 0x7a) ||
    code === 0x5f || // _
    code === 0x2d || // -
    code === 0x2e || // .
    code === 0x25 // %
  );
}

function announcedAt(text: string, name: Span, sign: number): Announced {
  const word = text.slice(name.from, name.to);
  const announced = announcedBy(word);
  if (
    sign === EQUALS &&
    announced !== 'certain' &&
    isQuery(text, name.from) &&
    QUERY_NAMES.has(word.toLowerCase())
  ) {
    return 'certain';
  }
  // MongoDB's users; the shell's PWD is never written so, nor is a folder.
  if (sign === COLON && word === 'pwd' && /^: {0,4}\\?['"][^/'"]/.test(text.slice(name.to, name.to + 8)))
    return 'certain';
  // key: value and auth: value are everywhere in configuration; only a random value is telling there.
  return announced;
}

function isQuery(text: string, at: number): boolean {
  const before = text[at - 1];
  return before === '?' || before === '&' || before === '#';
}

function valueAfterEquals(text: string, at: number, name: Span, isScriptAt: (at: number) => boolean): Span {
  const quote = openingQuote(text, at);
  if (quote) return { from: at + quote.length, to: closing(text, at + quote.length, quote.mark) };
  if (isQuery(text, name.from)) return { from: at, to: endOfRun(text, at, QUERY_END) };
  const before = text[name.from - 1];
  // An argument of its own, or the first thing in quotes: the value goes on to the end of it, blanks and all.
  if (before === undefined || before === ARGUMENT_END || isOption(text, name.from)) {
    return { from: at, to: isScriptAt(at) ? endOfWord(text, at) : endOfRun(text, at, WORDS_END) };
  }
  if (before === '"' || before === "'")
    return { from: at, to: Math.min(closing(text, at, before), endOfRun(text, at, FORM_END)) };
  return { from: at, to: endOfWord(text, at) };
}

/** --name=value as an argument of its own: the name's dashes were read with it. */
function isOption(text: string, from: number): boolean {
  return text[from] === '-' && (from === 0 || text[from - 1] === ARGUMENT_END);
}

/** Headers whose value is many words. */
const HEADER_OF_WORDS = /^(?:proxy-)?authorization$|^(?:set-)?cookie2?$/i;
/** RFC 9110, 11.4: credentials begin with the scheme, which is no secret. */
const SCHEME = /^(?:basic|bearer|digest|token|negotiate|apikey|aws4-hmac-sha256|hawk|ntlm)\s+/i;

function valueAfterColon(text: string, at: number, name: Span): Span | undefined {
  let from = at;
  while (text[from] === ' ' || text[from] === '\t') from += 1;
  const quote = openingQuote(text, from);
  if (quote) return { from: from + quote.length, to: closing(text, from + quote.length, quote.mark) };
  // scheme://, host:/path and volume:/path announce no value.
  if (text[from] === '/' || from >= text.length) return undefined;
  if (HEADER_OF_WORDS.test(text.slice(name.from, name.to))) {
    const to = endOfRun(text, from, HEADER_END);
    const scheme = SCHEME.exec(text.slice(from, Math.min(to, from + 32)))?.[0] ?? '';
    return { from: from + scheme.length, to };
  }
  return { from, to: endOfRun(text, from, COLON_END) };
}

const QUERY_END = new Set('&#"\'`<> \t\n\r\0;|)'.split(''));
const WORDS_END = new Set('\0\n'.split(''));
const HEADER_END = new Set('"\'`\n\r\0'.split(''));
const COLON_END = new Set(' \t\n\r\0"\'`,;|&}])<>'.split(''));
const WORD_END = new Set(' \t\n\r\0"\'`;|&)}]<>'.split(''));
const FORM_END = new Set('&\0\n'.split(''));

function endOfRun(text: string, at: number, ends: ReadonlySet<string>): number {
  let to = at;
  while (to < text.length && !ends.has(text.charAt(to))) to += 1;
  return to;
}

/** A shell word's end; a comma ends it only before another name=, as in mount options. */
export function endOfWord(text: string, at: number): number {
  let to = at;
  for (; to < text.length && !WORD_END.has(text.charAt(to)); to += 1) {
    if (text[to] === '\\') to += 1;
    else if (text[to] === ',' && /^,[A-Za-z_]{1,32}=/.test(text.slice(to, to + 34))) break;
  }
  return Math.min(to, text.length);
}

interface Quote {
  /** What closes it. */
  readonly mark: string;
  readonly length: number;
}

/** ", ', \" and $' at a place. */
export function openingQuote(text: string, at: number): Quote | undefined {
  const mark = text[at];
  if (mark === '"' || mark === "'" || mark === '`') return { mark, length: 1 };
  if (mark === '\\' && (text[at + 1] === '"' || text[at + 1] === "'"))
    return { mark: `\\${text[at + 1]}`, length: 2 };
  if (mark === '$' && text[at + 1] === "'") return { mark: "'", length: 2 };
  return undefined;
}

/** Where the quoted value ends: at its mark, or with the argument. A backslash guards what follows it. */
export function closing(text: string, at: number, mark: string): number {
  for (let to = at; to < text.length; to += 1) {
    if (text.startsWith(mark, to) || text[to] === ARGUMENT_END) return to;
    if (text[to] === '\\') to += 1;
  }
  return text.length;
}

export function isSecretValue(text: string, span: Span, announced: Announced, inScript: boolean): boolean {
  const value = text.slice(span.from, span.to);
  if (isNoSecret(value) || announced === 'no') return false;
  if (inScript && text[span.from - 1] !== "'" && isReference(value)) return false;
  // docker build --secret id=npm,src=.npmrc names a secret and holds none.
  if (/^(?:id|type|src|source|target|env)=/.test(value)) return false;
  return announced === 'certain' || looksRandom(value);
}
