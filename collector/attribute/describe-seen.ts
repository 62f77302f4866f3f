/** Which description fits what was seen, for all kinds that tell nothing about processes as such. */

import type { ProcessRef, SensorEvent, SessionTag } from '../../sensors/event.ts';
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
      return describeConnect(seen, session, process, names.nameOf(seen.session, seen.peer.address));
    case 'network.accept':
    case 'network.listen':
      return describeAccept(seen, session, process);
    case 'network.close':
      return describeFlowEnd(seen, session, process, names.nameOf(seen.session, seen.peer.address));
    case 'network.raw':
      return describeRaw(seen, session, process);
    case 'unix.connect':
      return describeUnix(
        seen,
        session,
        process,
        targetOf(processOf(seen.peer), sessionOf(seen.peerSession)),
      );
    case 'dns.query':
      names.learn(seen.session, seen.question, seen.answers);
      return describeQuery(seen, session, process);
    case 'tls.hello':
      if (seen.serverName !== undefined && !seen.encryptedHello)
        names.learn(seen.session, seen.serverName, [seen.peer.address]);
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
        targetOf(processOf(seen.target), sessionOf(seen.targetSession)),
      );
  }
}
