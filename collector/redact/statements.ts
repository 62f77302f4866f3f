/**
 * Secrets that statements of programs and of SQL hold as quoted text: auth=('bob', 'X'), set_password('X'), IDENTIFIED
 * BY 'X', and the lines of .netrc and .pgpass.
 *
 * Every expression begins with letters of its own and reads a bounded number of characters; what is quoted is measured
 * by its quotes. Keep it so when adding one.
 */

import { closing, openingQuote } from './assignments.ts';
import type { Span } from './span.ts';
import { isNoSecret, isReference } from './value.ts';

/** What introduces quoted texts, and which of them is the secret, from 0. */
const STATEMENTS: readonly (readonly [introduction: RegExp, secret: number])[] = [
  [/\b(?:auth|credentials|creds) {0,4}= {0,4}[([]/g, 1],
  [/\b(?:HTTP)?(?:Basic|Digest|NTLM)Auth\(/gi, 1],
  [/\.(?:login|authenticate|basic_auth|basicAuth)\(/g, 1],
  [/\bnew {1,4}(?:PDO|mysqli)\(/g, 2],
  [/\b(?:set|make|hash|check)_?password\(/gi, 0],
  [/\bidentified {1,4}(?:with {1,4}[a-z0-9_]{1,40} {1,4})?by {1,4}/gi, 0],
  [/\b(?:alter|create) [^;'"]{1,200} password {1,4}(?=\\?['"])/gi, 0],
  [/\bpassword\((?=\\?['"])/gi, 0],
  [/\bkeystroke {1,4}/g, 0],
  [/\bset {1,4}password {1,4}for {1,4}[^=]{1,80}= {0,4}(?=\\?['"])/gi, 0],
];

/** Of a dialogue with a program that asks for a password, what is sent: expect's send, pexpect's sendline. */
const SENT = /\bsend(?:line)?(?: {1,4}(?:-- {1,4})?|\()(?=\\?['"])/g;
const ASKS_FOR_SECRET = /assword|passphrase|\bspawn {1,4}(?:su|sudo|passwd|login|ssh-add|cryptsetup)\b/i;

/** Words that stand alone: machine HOST login NAME password X; host:port:database:user:X. */
const NETRC = /\bmachine\s{1,8}\S{1,256}\s{1,8}login\s{1,8}\S{1,256}\s{1,8}password\s{1,8}([^\s"']{1,256})/g;
const PGPASS = /(?<![\w.*:-])[\w.*-]{1,256}:(?:\d{1,5}|\*):[^:\s"']{1,64}:[^:\s"']{1,64}:([^\s"']{1,256})/g;

/** Quoted texts looked through behind an introduction: the longest list of arguments above, and one more. */
const MAX_QUOTED = 4;
/** From one quoted text to the next: a comma, a name and blanks. */
const MAX_BETWEEN_CHARACTERS = 40;

/** A word of each of the above: nearly all command lines have none, and are looked through once instead of 12 times. */
const WORDS = /auth|cred|login|passw|identified|new {1,4}(?:PDO|mysqli)|send|keystroke|machine|pgpass/i;

export function findStatements(text: string, spans: Span[]): void {
  if (!WORDS.test(text)) return;
  for (const [introduction, secret] of STATEMENTS)
    for (const match of text.matchAll(introduction)) {
      const quoted = quotedFrom(text, match.index + match[0].length)[secret];
      if (quoted) take(text, quoted, spans);
    }
  if (text.includes('send') && ASKS_FOR_SECRET.test(text))
    for (const match of text.matchAll(SENT)) {
      const [sent] = quotedFrom(text, match.index + match[0].length);
      if (sent) take(text, sent, spans);
    }
  if (text.includes('machine')) takeWords(text, NETRC, spans);
  if (text.includes('pgpass')) takeWords(text, PGPASS, spans);
}

/** Quoted texts one after the other, with no bracket that closes between them. */
function quotedFrom(text: string, at: number): Span[] {
  const found: Span[] = [];
  let from = at;
  while (found.length < MAX_QUOTED) {
    let start = from;
    let quote = openingQuote(text, start);
    while (!quote && start - from < MAX_BETWEEN_CHARACTERS && /[\w ,.:=>-]/.test(text[start] ?? '')) {
      start += 1;
      quote = openingQuote(text, start);
    }
    if (!quote) return found;
    const to = closing(text, start + quote.length, quote.mark);
    found.push({ from: start + quote.length, to });
    from = to + quote.mark.length;
  }
  return found;
}

function takeWords(text: string, expression: RegExp, spans: Span[]): void {
  for (const match of text.matchAll(expression)) {
    const value = match[1] ?? '';
    const from = match.index + match[0].length - value.length;
    take(text, { from, to: from + value.length }, spans);
  }
}

function take(text: string, span: Span, spans: Span[]): void {
  const value = text.slice(span.from, span.to);
  if (!isNoSecret(value) && !isReference(value)) spans.push(span);
}
