/** Which description fits what was seen, for all kinds that tell nothing about processes as such. */

import type {
  NetworkClose,
  NetworkConnect,
  ProcessRef,
  SensorEvent,
  SessionTag,
} from '../../sensors/event.ts';
import type { Attributes } from '../event.ts';
import type { Attribution } from '../session/session.ts';
import { describeConnect, describeOpen } from './describe.ts';
import { describeChange, describeClose } from './describe-file.ts';
import {
  describeAccept,
  describeFlowEnd,
  describeHello,
  describeQuery,
  describeRaw,
  describeUnix,
} from './describe-network.ts';
import { describeAct, describeCall, describeExecFailed, targetOf } from './describe-system.ts';
import type { Names } from './names.ts';
import type { Process } from './processes.ts';

/** What a process of a session did, other than to begin, to become another program, or to end. */
export type Act = Exclude<
  SensorEvent,
  {
    kind:
      | 'process.fork'
      | 'process.existing'
      | 'process.exec'
      | 'process.exit'
      | 'network.served'
      | 'syscall.histogram'
      | 'sensor.gap';
  }
>;

/** What a description may ask for beyond the process that acted. */
export interface Surroundings {
  readonly processOf: (ref: ProcessRef | undefined) => Process | undefined;
  readonly sessionOf: (tag: SessionTag) => Attribution | undefined;
  readonly names: Names;
}

export function describeSeen(
  seen: Act,
  session: Attribution,
  process: Process,
  { processOf, sessionOf, names }: Surroundings,
): Attributes {
  const nameOf = ({ local, peer }: NetworkConnect | NetworkClose) =>
    names.nameOf(session.id, process.entityId, local, peer);
  switch (seen.kind) {
    case 'file.open':
      return describeOpen(seen, session, process);
    case 'file.close':
      return describeClose(seen, session, process);
    case 'file.create':
    case 'file.delete':
    case 'file.rename':
    case 'file.link':
    case 'file.attributes':
    case 'file.truncate':
      return describeChange(seen, session, process);
    case 'network.connect':
      return describeConnect(seen, session, process, nameOf(seen));
    case 'network.accept':
    case 'network.listen':
      return describeAccept(seen, session, process);
    case 'network.close':
      return describeFlowEnd(seen, session, process, nameOf(seen));
    case 'network.raw':
      return describeRaw(seen, session, process);
    case 'unix.connect':
      return describeUnix(
        seen,
        session,
        process,
        targetOf(seen.peer, processOf(seen.peer), sessionOf(seen.peerSession)),
      );
    case 'dns.query':
      names.answered(session.id, process.entityId, seen.question, seen.answers);
      return describeQuery(seen, session, process);
    case 'tls.hello':
      // The name beside an encrypted hello is the relay's.
      names.greeted(session.id, seen.local, seen.peer, seen.encryptedHello ? undefined : seen.serverName);
      return describeHello(seen, session, process);
    case 'process.exec_failed':
      return describeExecFailed(seen, session, process);
    case 'syscall':
      return describeCall(seen, session, process);
    default:
      return describeAct(
        seen,
        session,
        process,
        targetOf(seen.target, processOf(seen.target), sessionOf(seen.targetSession)),
      );
  }
}
