/**
 * Passwords in the userinfo of URLs, RFC 3986 section 3.2.1: scheme://user:password@host. Queries: assignments.ts.
 * With one slash too: a URL that somebody opens as a file is a path, in which // is /.
 */

import type { Span } from './span.ts';
import { isNoSecret, isReference, looksRandom } from './value.ts';

/** Longer userinfo is none; bounds the look for the @ behind each ://. */
const MAX_USERINFO_CHARACTERS = 1_024;

export function findUserinfo(text: string, spans: Span[]): void {
  for (let sign = text.indexOf(':/'); sign >= 0; sign = text.indexOf(':/', sign + 2)) {
    const from = text.charAt(sign + 2) === '/' ? sign + 3 : sign + 2;
    const to = endOfUserinfo(text, from);
    if (to === undefined) continue;
    const colon = text.indexOf(':', from);
    if (colon >= 0 && colon < to) {
      const password = text.slice(colon + 1, to);
      if (!isNoSecret(password) && !isReference(password)) spans.push({ from: colon + 1, to });
    } else if (looksRandom(text.slice(from, to))) {
      spans.push({ from, to }); // https://TOKEN@host; a user's name (ssh://git@host) stays
    }
  }
}

/** The place of the last @ of the authority; undefined where there is none. */
function endOfUserinfo(text: string, from: number): number | undefined {
  let at: number | undefined;
  let sawColon = false;
  const limit = Math.min(text.length, from + MAX_USERINFO_CHARACTERS);
  for (let index = from; index < limit; index += 1) {
    const character = text.charAt(index);
    if (character === '@') at = index;
    else if (character === ':') sawColon = true;
    else if (/[\s"'`<>\0|;]/.test(character)) break;
    else if (character === '/' || character === '?' || character === '#') {
      // These end the authority, but people paste passwords unescaped: user:p#ss@host. A port is digits only.
      if (at !== undefined || !sawColon || /^[^:]*:[0-9]*$/.test(text.slice(from, index))) break;
    }
  }
  return at;
}
