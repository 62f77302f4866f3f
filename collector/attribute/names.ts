/**
 * Which name an address was asked for by.
 *
 * Of a connection: its own ClientHello. Before there is one, and where there is none: the last DNS answer to the same
 * process that had the address, then that to any process of its session (agents look up names in one process and
 * connect in another), then a ClientHello of the session to the same address. Which of them it was is told: an address
 * has many names, and only the first is of the connection itself.
 */

import { isIP } from 'node:net';
import { LRUCache } from 'lru-cache';
import type { Endpoint } from '../../sensors/event.ts';
import type { EntityId } from './entity.ts';

/** Names of addresses, over all sessions. About 200 B each, so 3 MB; past it the least used is forgotten. */
const MAX_NAMES = 16_384;
/** Connections whose ClientHello is remembered until they close. 200 B each; past it the oldest is forgotten. */
const MAX_CONNECTIONS = 8_192;

/**
 * tls: the name in this connection's ClientHello. dns_process: of a DNS answer to the same process. dns_session: to
 * another of its session. tls_session: of another connection's ClientHello to the address.
 */
export type NameBasis = 'tls' | 'dns_process' | 'dns_session' | 'tls_session';

export interface KnownName {
  readonly name: string;
  readonly basis: NameBasis;
}

export interface Names {
  /** @param answers addresses among other texts (CNAMEs), as a DNS answer holds them */
  answered(session: string, process: EntityId, name: string, answers: readonly string[]): void;
  /** @param name undefined where the hello names none that is the server's: that connection has no other name then */
  greeted(session: string, local: Endpoint, peer: Endpoint, name: string | undefined): void;
  nameOf(session: string, process: EntityId, local: Endpoint, peer: Endpoint): KnownName | undefined;
}

export function createNames(): Names {
  const names = new LRUCache<string, string>({ max: MAX_NAMES });
  /** Empty for a hello that named no server. */
  const greetings = new LRUCache<string, string>({ max: MAX_CONNECTIONS });

  function known(key: string, basis: NameBasis): KnownName | undefined {
    const name = names.get(key);
    return name === undefined ? undefined : { name, basis };
  }

  return {
    answered(session, process, name, answers) {
      for (const answer of answers) {
        if (isIP(answer) === 0) continue;
        names.set(`${process} ${answer}`, name);
        names.set(`dns ${session} ${answer}`, name);
      }
    },
    greeted(session, local, peer, name) {
      greetings.set(connectionKey(session, local, peer), name ?? '');
      if (name !== undefined) names.set(`tls ${session} ${peer.address}`, name);
    },
    nameOf(session, process, local, peer) {
      const { address } = peer;
      const own = greetings.get(connectionKey(session, local, peer));
      if (own !== undefined && own !== '') return { name: own, basis: 'tls' };
      return (
        known(`${process} ${address}`, 'dns_process') ??
        known(`dns ${session} ${address}`, 'dns_session') ??
        (own === undefined ? known(`tls ${session} ${address}`, 'tls_session') : undefined)
      );
    },
  };
}

function connectionKey(session: string, local: Endpoint, peer: Endpoint): string {
  return `${session} ${local.address} ${local.port} ${peer.address} ${peer.port}`;
}
