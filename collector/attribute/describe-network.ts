/** What the events about sockets, names and first bytes of connections say. */

import type {
  DnsQuery,
  Endpoint,
  NetworkAccept,
  NetworkClose,
  NetworkListen,
  NetworkRaw,
  TlsHello,
  UnixConnect,
} from '../../sensors/event.ts';
import type { Attributes } from '../event.ts';
import type { Attribution } from '../session/session.ts';
import { actorOf } from './actor.ts';
import { errnoName } from './errno.ts';
import type { KnownName } from './names.ts';
import type { Process } from './processes.ts';
import { shown } from './shown.ts';

interface Flow {
  readonly transport: 'tcp' | 'udp';
  readonly type: 'ipv4' | 'ipv6';
  readonly namespace: number;
  readonly local: Endpoint;
  readonly peer: Endpoint;
}

function flowOf({ transport, type, namespace, local, peer }: Flow): Attributes {
  return {
    'network.local.address': local.address,
    'network.local.port': local.port,
    'network.transport': transport,
    'network.type': type,
    'spoor.network.namespace': namespace,
    ...(peer.address !== '' && { 'network.peer.address': peer.address, 'network.peer.port': peer.port }),
  };
}

export function describeAccept(
  seen: NetworkAccept | NetworkListen,
  session: Attribution,
  process: Process,
): Attributes {
  return { ...actorOf(seen, session, process), ...flowOf(seen), 'event.outcome': 'success' };
}

/** @param name of the other end, where it is known */
export function describeFlowEnd(
  seen: NetworkClose,
  session: Attribution,
  process: Process,
  name: KnownName | undefined,
): Attributes {
  return {
    ...actorOf(seen, session, process),
    ...flowOf(seen),
    'destination.bytes': seen.bytesReceived,
    'event.duration': seen.durationNs,
    'server.address': name?.name,
    'source.bytes': seen.bytesSent,
    'spoor.server.basis': name?.basis,
  };
}

export function describeQuery(seen: DnsQuery, session: Attribution, process: Process): Attributes {
  const { answers, responseCode } = seen;
  // A name that is not there was answered; that nobody answered is the failure of asking.
  const outcome = responseCode === undefined ? 'unknown' : responseCode === 'NOERROR' ? 'success' : 'failure';
  return {
    ...actorOf(seen, session, process),
    ...flowOf(seen),
    'dns.answers': answers.length > 0 ? answers : undefined,
    'dns.question.name': seen.question,
    'dns.question.type': seen.questionType,
    'dns.response_code': responseCode,
    'event.outcome': outcome,
  };
}

export function describeHello(seen: TlsHello, session: Attribution, process: Process): Attributes {
  const { protocols } = seen;
  return {
    ...actorOf(seen, session, process),
    ...flowOf(seen),
    'server.address': seen.serverName,
    'spoor.tls.client_protocols': protocols.length > 0 ? protocols : undefined,
    'spoor.tls.encrypted_hello': seen.encryptedHello,
    'spoor.tls.ja4': seen.ja4,
    'tls.client.ja3': seen.ja3,
  };
}

export function describeRaw(seen: NetworkRaw, session: Attribution, process: Process): Attributes {
  return {
    ...actorOf(seen, session, process),
    'error.type': seen.errno === 0 ? undefined : errnoName(seen.errno),
    'event.outcome': seen.errno === 0 ? 'success' : 'failure',
    'spoor.socket.family': seen.family,
    'spoor.socket.protocol': seen.protocol,
    'spoor.socket.type': seen.type,
  };
}

/** @param target attributes of the process that listens */
export function describeUnix(
  seen: UnixConnect,
  session: Attribution,
  process: Process,
  target: Attributes,
): Attributes {
  return {
    ...actorOf(seen, session, process),
    ...target,
    'error.type': seen.errno === 0 ? undefined : errnoName(seen.errno),
    'event.outcome': seen.errno === 0 ? 'success' : 'failure',
    'network.transport': 'unix',
    'spoor.file.path_basis': seen.pathBasis,
    'spoor.unix.path': seen.path.length === 0 ? undefined : unixName(seen.path),
  };
}

/** unix(7): an abstract name begins with NUL; ss(8) and /proc/net/unix write it as "@". */
export function unixName(path: Buffer): string {
  return path[0] === 0 ? `@${shown(path.subarray(1))}` : shown(path);
}
