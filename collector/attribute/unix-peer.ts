/**
 * Daemons that a session talks to by a unix socket: tmux, D-Bus, docker, systemd. What such a daemon starts next may be
 * the session's work; it is, as far as can be told, when what the client was asked to do shows in what was started.
 *
 * Two things are told: that a daemon serves the session (`shared`, once), and each program that fits (`inferred`). A
 * program that fits the requests of two sessions is told to both as `shared` and followed for none.
 */

import { LRUCache } from 'lru-cache';
import type { UnixConnect } from '../../sensors/event.ts';
import type { Attributes } from '../event.ts';
import type { Attribution } from '../session/session.ts';
import { unixName } from './describe-network.ts';
import { type Giver, giverOf, type Handover } from './handover.ts';
import type { Process, Program } from './processes.ts';
import { type Request, type Started, whatFits } from './request.ts';

/** Requests that may still be answered, 500 B each. Past it the oldest is forgotten. */
const MAX_REQUESTS = 256;
/** From a connection to the start of a program that it asked for: a container engine may take seconds. */
const PATIENCE_NS = 10_000_000_000n;
/** Daemons told of, by session; 150 B each. Past it the longest unused is told again. */
const MAX_TOLD = 4_096;

/** Everybody's sockets for logs, names and the desktop: they answer, and start nothing for who asks. */
const GENERIC_SOCKETS =
  /^\/dev\/log$|^\/(?:var\/)?run\/(?:systemd\/(?:journal\/|notify$|resolve\/|userdb\/|oom\/|io\.systemd\.)|nscd\/|udev\/|avahi-daemon\/|user\/\d+\/(?:pulse\/|pipewire-|wayland-))|^\/var\/lib\/sss\/|^@?\/tmp\/\.X11-unix\//;
const GENERIC_PROGRAMS = new Set([
  'systemd-journald',
  'systemd-resolved',
  'systemd-userdbd',
  'rsyslogd',
  'syslog-ng',
  'nscd',
  'unscd',
  'sssd',
  'avahi-daemon',
  'Xorg',
  'Xwayland',
  'pipewire',
  'pulseaudio',
]);

interface Pending extends Request {
  readonly session: Pick<Attribution, 'id' | 'agent'>;
  readonly giver: Giver;
  readonly about: Attributes;
}

export interface UnixPeers {
  /** @returns what is told of the daemon itself; undefined where nothing is, or it was told before */
  connected(
    seen: UnixConnect,
    session: Attribution,
    client: Process,
    daemon: Process | undefined,
  ): Handover | undefined;
  started(program: Started): Handover[];
}

export function createUnixPeers(): UnixPeers {
  let pending: Pending[] = [];
  const told = new LRUCache<string, true>({ max: MAX_TOLD });

  return {
    connected(seen, session, client, daemon) {
      const path = unixName(seen.path);
      if (seen.errno !== 0 || !daemon || isGeneric(path, daemon.program)) return undefined;
      const about: Attributes = { 'network.transport': 'unix', 'spoor.unix.path': path || undefined };
      const { id, agent } = session;
      const giver = giverOf(client);
      pending.push({
        session: { id, agent },
        giver,
        about,
        bootNs: seen.bootNs,
        client: client.program,
        daemon: { pid: daemon.ref.pid, program: daemon.program },
        hasAnswer: false,
      });
      if (pending.length > MAX_REQUESTS) pending.shift();
      const key = `${id} ${daemon.entityId}`;
      if (told.has(key)) return undefined;
      told.set(key, true);
      const name = daemon.program?.executableName ?? 'a process outside';
      return {
        way: 'unix_socket',
        session: { id, agent },
        giver,
        basis: 'shared',
        evidence: `connected to ${path || 'a socket without a name'} of ${name}, which serves others too`,
        taker: 'serves',
        delayNs: 0n,
        about,
      };
    },
    started(program) {
      const { bootNs } = program;
      if (pending.length > 0) pending = pending.filter((request) => bootNs - request.bootNs <= PATIENCE_NS);
      const fitting = new Map<string, { readonly request: Pending; readonly what: string }>();
      for (const request of pending) {
        const what = whatFits(request, program);
        // Of one session the last request is the nearest.
        if (what) fitting.set(request.session.id, { request, what });
      }
      return [...fitting.values()].map(({ request, what }): Handover => {
        request.hasAnswer = true;
        const name = request.daemon.program?.executableName ?? 'the process it connected to';
        return {
          way: 'unix_socket',
          session: request.session,
          giver: request.giver,
          basis: fitting.size === 1 ? 'inferred' : 'shared',
          evidence: `started after the session asked ${name}: ${what}`,
          taker: fitting.size === 1 ? 'joins' : 'serves',
          delayNs: bootNs - request.bootNs,
          about: request.about,
        };
      });
    },
  };
}

function isGeneric(path: string, daemon: Program | undefined): boolean {
  return GENERIC_SOCKETS.test(path) || GENERIC_PROGRAMS.has(daemon?.executableName ?? '');
}
