/**
 * Connections within this host: a session's process is at one end, and the kernel tells who uses the other. Joined by
 * the four numbers that both ends have, so the basis is exact.
 *
 * A process that began after the connection was made for it (sshd and inetd fork one each), and goes on with the
 * session's work. One that was there before serves others too.
 */

import { LRUCache } from 'lru-cache';
import type { Endpoint, NetworkConnect, NetworkServed } from '../../sensors/event.ts';
import type { Attributes } from '../event.ts';
import type { Attribution } from '../session/session.ts';
import { type Giver, giverOf, type Handover } from './handover.ts';
import type { Process } from './processes.ts';

/** Connections whose other end may still be used by somebody new, 400 B each. Past it the oldest is forgotten. */
const MAX_CONNECTIONS = 4_096;
/** Servers told of, by session and port; 150 B each. Past it the longest unused is told again. */
const MAX_TOLD = 4_096;

interface Connection {
  readonly session: Pick<Attribution, 'id' | 'agent'>;
  readonly giver: Giver;
  readonly bootNs: bigint;
  readonly about: Attributes;
}

export interface Loopback {
  connected(seen: NetworkConnect, session: Attribution, process: Process): void;
  /** @returns undefined where the connection is not known, or the server was told of before */
  served(seen: NetworkServed, process: Process): Handover | undefined;
}

export function createLoopback(): Loopback {
  const connections = new LRUCache<string, Connection>({ max: MAX_CONNECTIONS });
  const told = new LRUCache<string, true>({ max: MAX_TOLD });

  return {
    connected(seen, session, process) {
      if (seen.transport !== 'tcp' || seen.errno !== 0) return;
      const { local, peer } = seen;
      connections.set(keyOf(local, peer), {
        session: { id: session.id, agent: session.agent },
        giver: giverOf(process),
        bootNs: seen.bootNs,
        about: {
          'network.local.address': local.address,
          'network.local.port': local.port,
          'network.peer.address': peer.address,
          'network.peer.port': peer.port,
          'network.transport': 'tcp',
          'network.type': seen.type,
        },
      });
    },
    served(seen, process) {
      const { local, peer } = seen;
      const connection = connections.get(keyOf(peer, local));
      if (!connection) return undefined;
      const { session, giver, bootNs, about } = connection;
      const taker = process.ref.startNs >= bootNs ? 'joins' : 'serves';
      if (taker === 'serves') {
        const key = `${session.id} ${process.entityId} ${local.port}`;
        if (told.has(key)) return undefined;
        told.set(key, true);
      }
      const flow = `${shownEndpoint(peer)} to ${shownEndpoint(local)}`;
      const by =
        taker === 'joins' ? 'began for this connection' : 'was there before it and serves others too';
      return {
        way: 'loopback',
        session,
        giver,
        basis: 'exact',
        evidence: `both ends of tcp ${flow}; the process at the far one ${by}`,
        taker,
        delayNs: seen.bootNs - bootNs,
        about,
      };
    },
  };
}

function keyOf(client: Endpoint, server: Endpoint): string {
  return `${client.address} ${client.port} ${server.address} ${server.port}`;
}

function shownEndpoint({ address, port }: Endpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
