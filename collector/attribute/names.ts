/** Which name an address was asked for by: the last DNS answer or ClientHello of the same session decides. */

import { isIP } from 'node:net';
import { LRUCache } from 'lru-cache';
import type { SessionTag } from '../../sensors/event.ts';

/** Addresses remembered, over all sessions. About 150 B each, so 1.2 MB; past it the least used is forgotten. */
const MAX_ADDRESSES = 8_192;

export interface Names {
  /** @param answers addresses among other texts (CNAMEs), as a DNS answer holds them */
  learn(session: SessionTag, name: string, answers: readonly string[]): void;
  nameOf(session: SessionTag, address: string): string | undefined;
}

export function createNames(): Names {
  const names = new LRUCache<string, string>({ max: MAX_ADDRESSES });
  return {
    learn(session, name, answers) {
      for (const answer of answers) if (isIP(answer) !== 0) names.set(`${session} ${answer}`, name);
    },
    nameOf: (session, address) => names.get(`${session} ${address}`),
  };
}
