/** What the events about system calls, other processes and the system itself say. */

import type {
  ProcessExecFailed,
  ProcessRef,
  SecurityAct,
  SystemCall,
  SystemCallHistogram,
} from '../../sensors/event.ts';
import type { Attributes } from '../event.ts';
import type { Attribution } from '../session/session.ts';
import { actorOf } from './actor.ts';
import { errnoName } from './errno.ts';
import type { Process } from './processes.ts';
import { shown } from './shown.ts';

export function describeExecFailed(
  seen: ProcessExecFailed,
  session: Attribution,
  process: Process,
): Attributes {
  const { cut } = seen;
  const attributes = actorOf(seen, session, process);
  attributes['error.type'] = errnoName(seen.errno);
  attributes['event.outcome'] = 'failure';
  attributes['process.command_args'] = seen.args.map(shown);
  attributes['spoor.cut'] = cut.length > 0 ? cut : undefined;
  attributes['spoor.process.called_path'] = shown(seen.calledPath);
  return attributes;
}

/** The process that was acted on. Empty where the act has none; of one that nothing is known of, its pid. */
export function targetOf(
  ref: ProcessRef | undefined,
  target: Process | undefined,
  session: Attribution | undefined,
): Attributes {
  if (!ref) return {};
  return {
    'spoor.target.entity_id': target?.entityId,
    'spoor.target.executable': target?.program?.executablePath,
    'spoor.target.pid': ref.pid,
    'spoor.target.session': session?.id,
  };
}

/** @param target attributes of the process that was acted on */
export function describeAct(
  seen: SecurityAct,
  session: Attribution,
  process: Process,
  target: Attributes,
): Attributes {
  const attributes = actorOf(seen, session, process);
  attributes['error.type'] = seen.errno === 0 ? undefined : errnoName(seen.errno);
  attributes['event.outcome'] = seen.errno === 0 ? 'success' : 'failure';
  attributes['spoor.syscall.name'] = seen.call;
  return Object.assign(attributes, ownOf(seen, target));
}

/** What only this kind of act has. */
function ownOf(seen: SecurityAct, target: Attributes): Attributes {
  const path = seen.path && shown(seen.path);
  switch (seen.kind) {
    case 'security.ptrace':
    case 'security.bpf':
    case 'security.memory':
      return seen.kind === 'security.ptrace'
        ? { ...target, 'spoor.syscall.request': seen.request }
        : { 'spoor.syscall.request': seen.request };
    case 'security.process_memory':
    case 'security.pidfd_getfd':
      return target;
    case 'security.signal':
      return { ...target, 'spoor.signal.name': seen.request };
    case 'security.resources':
      return { ...target, 'spoor.syscall.request': seen.request, 'spoor.target.cgroup': path };
    case 'security.memfd':
      return { 'spoor.memfd.name': path };
    case 'security.credentials':
      return {
        'process.group.id': seen.credentials?.egid,
        'process.real_user.id': seen.credentials?.uid,
        'process.user.id': seen.credentials?.euid,
        'spoor.credentials.previous_user_id': seen.previousCredentials?.euid,
      };
    case 'security.mount':
      return {
        'file.path': path,
        'spoor.mount.namespace': seen.mounts,
        'spoor.syscall.request': seen.request,
        'spoor.mount.source': seen.source && shown(seen.source),
        'spoor.mount.type': seen.fileSystem && shown(seen.fileSystem),
      };
    case 'security.namespace':
      return { 'spoor.namespace.types': seen.namespaces.length > 0 ? seen.namespaces : undefined };
    case 'security.module':
      return { 'file.path': seen.file && shown(seen.file), 'spoor.module.name': path };
    case 'security.chroot':
      return { 'file.path': path };
    case 'security.io_uring':
      return {};
  }
}

export function describeCall(seen: SystemCall, session: Attribution, process: Process): Attributes {
  const attributes = actorOf(seen, session, process);
  attributes['error.type'] = seen.errno === 0 ? undefined : errnoName(seen.errno);
  attributes['event.outcome'] = seen.errno === 0 ? 'success' : 'failure';
  attributes['file.path'] = seen.path && shown(seen.path);
  attributes['spoor.syscall.args'] = seen.args.map((argument) => `0x${argument.toString(16)}`);
  attributes['spoor.syscall.name'] = seen.call;
  attributes['spoor.syscall.result'] = seen.result;
  return attributes;
}

export function describeHistogram(seen: SystemCallHistogram, session: Attribution): Attributes {
  return {
    'gen_ai.agent.name': session.agent.name,
    'gen_ai.agent.version': session.agent.version,
    'session.id': session.id,
    'spoor.event.boot_ns': seen.bootNs,
    'spoor.session.basis': session.basis,
    'spoor.session.evidence': 'kernel tag',
    'spoor.syscall.counts': seen.counts.map(({ call, count }) => `${call}=${count}`),
  };
}
