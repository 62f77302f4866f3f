/** What each kind of event says, under registry names: from what the sensor saw and what is known of the process. */

import type {
  FileOpen,
  Namespaces,
  NetworkConnect,
  ProcessExec,
  ProcessExisting,
  ProcessExit,
  SensorGap,
} from '../../sensors/event.ts';
import type { Attributes } from '../event.ts';
import type { Attribution } from '../session/session.ts';

import { errnoName, signalName } from './errno.ts';
import type { KnownName } from './names.ts';
import { octal } from './octal.ts';
import type { Process, Program } from './processes.ts';
import { shown } from './shown.ts';
import { shownPath } from './shown-path.ts';

/*
 * Each function below is one object literal that names also what later stages fill in (undefined until then), so that
 * all events of a kind share one hidden class from birth to encoding. Put together by spreads, V8 makes dictionaries of
 * them: 15 µs an event in this stage against 6 (node dist/test/bench/collector.js).
 */

export function describeExec(
  seen: ProcessExec,
  session: Attribution,
  process: Process,
  program: Program,
  creator: Process | undefined,
  ancestry: readonly string[],
): Attributes {
  const { credentials, executableFile, cut } = seen;
  return {
    'gen_ai.agent.name': session.agent.name,
    'gen_ai.agent.version': session.agent.version,
    'process.args_count': seen.argsCount,
    'process.command_args': program.args,
    'process.creation.time': process.creationTime,
    'process.entity_id': process.entityId,
    'process.executable.name': program.executableName,
    'process.executable.path': program.executablePath,
    'process.group.id': credentials.egid,
    'process.hash.sha256': undefined,
    'process.parent.entity_id': process.creatorEntityId,
    'process.parent.executable': creator?.program?.executablePath,
    'process.parent_pid': process.creator?.pid,
    'process.pid': process.ref.pid,
    'process.real_user.id': credentials.uid,
    'process.user.id': credentials.euid,
    'process.user.name': process.userName,
    'process.working_directory': program.workingDirectory,
    'session.id': session.id,
    'spoor.cut': cut.length > 0 ? cut : undefined,
    'spoor.event.boot_ns': seen.bootNs,
    'spoor.executable.deleted': seen.executableDeleted,
    'spoor.executable.device': executableFile.device,
    'spoor.executable.in_memory': seen.executableInMemory,
    'spoor.executable.inode': executableFile.inode,
    'spoor.executable.upper_layer': seen.executableUpperLayer,
    'spoor.hash.missing_reason': undefined,
    'spoor.process.ancestry': ancestry,
    'process.linux.cgroup': shown(seen.cgroup),
    'spoor.process.called_path': shown(seen.calledPath),
    'spoor.process.namespaces': namespacesOf(seen.namespaces),
    'spoor.process.script': seen.script && shown(seen.script),
    'spoor.process.parent_command_args': creator?.program?.args,
    'spoor.redacted': undefined,
    'spoor.session.basis': session.basis,
    'spoor.session.evidence': session.evidence,
    'spoor.utility.basis': undefined,
    'spoor.utility.kind': undefined,
    'spoor.utility.name': undefined,
    'spoor.utility.renamed': undefined,
    'thread.id': seen.threadId,
  };
}

export function describeExit(seen: ProcessExit, session: Attribution, process: Process): Attributes {
  const { exitSignal } = seen;
  return {
    'event.duration': seen.bootNs - process.ref.startNs,
    'gen_ai.agent.name': session.agent.name,
    'gen_ai.agent.version': session.agent.version,
    'process.creation.time': process.creationTime,
    'process.entity_id': process.entityId,
    'process.executable.name': process.program?.executableName,
    'process.executable.path': process.program?.executablePath,
    'process.exit.code': seen.exitCode,
    'process.parent.entity_id': process.creatorEntityId,
    'process.parent_pid': process.creator?.pid,
    'process.pid': process.ref.pid,
    'process.user.id': process.userId,
    'process.user.name': process.userName,
    'session.id': session.id,
    'spoor.event.boot_ns': seen.bootNs,
    'spoor.process.exit_signal': exitSignal === undefined ? undefined : signalName(exitSignal),
    'spoor.redacted': undefined,
    'spoor.session.basis': session.basis,
    'spoor.session.evidence': session.evidence,
    'thread.id': seen.threadId,
  };
}

export function describeOpen(seen: FileOpen, session: Attribution, process: Process): Attributes {
  const { path, directory, name, extension, bytes } = shownPath(seen.path);
  // Each read of a field may decode it from the kernel's bytes, so each is read once.
  const { file, errno, flags, cut, bootNs } = seen;
  return {
    'error.type': errno === 0 ? undefined : errnoName(errno),
    'event.outcome': errno === 0 ? 'success' : 'failure',
    'file.directory': directory,
    'file.extension': extension,
    'file.hash.sha256': undefined,
    'file.inode': file ? String(file.inode) : undefined,
    'file.mode': file ? octal(seen.mode) : undefined,
    'file.name': name,
    'file.path': path,
    'file.size': file ? seen.sizeBytes : undefined,
    'gen_ai.agent.name': session.agent.name,
    'gen_ai.agent.version': session.agent.version,
    'process.creation.time': process.creationTime,
    'process.entity_id': process.entityId,
    'process.executable.name': process.program?.executableName,
    'process.executable.path': process.program?.executablePath,
    'process.parent.entity_id': process.creatorEntityId,
    'process.parent_pid': process.creator?.pid,
    'process.pid': process.ref.pid,
    'process.user.id': process.userId,
    'process.user.name': process.userName,
    'session.id': session.id,
    'spoor.cut': cut.length > 0 ? cut : undefined,
    'spoor.data.class': undefined,
    'spoor.data.owner': undefined,
    'spoor.event.boot_ns': bootNs,
    'spoor.file.access': seen.access,
    'spoor.file.created': file ? seen.created : undefined,
    'spoor.file.deleted': file ? seen.deleted : undefined,
    'spoor.file.device': file?.device,
    'spoor.file.flags': flags.length > 0 ? flags : undefined,
    'spoor.file.path_basis': seen.pathBasis,
    'spoor.file.path_bytes': bytes,
    'spoor.file.type': seen.type,
    'spoor.hash.missing_reason': undefined,
    'spoor.redacted': undefined,
    'spoor.session.basis': session.basis,
    'spoor.session.evidence': session.evidence,
    'thread.id': seen.threadId,
  };
}

/** @param name of the other end, where it is known */
export function describeConnect(
  seen: NetworkConnect,
  session: Attribution,
  process: Process,
  name: KnownName | undefined,
): Attributes {
  const { errno, peer } = seen;
  // Of vsock only the other end is known.
  const local = seen.transport === 'vsock' ? undefined : seen.local;
  return {
    'error.type': errno === 0 ? undefined : errnoName(errno),
    'event.outcome': errno === 0 ? 'success' : 'failure',
    'gen_ai.agent.name': session.agent.name,
    'gen_ai.agent.version': session.agent.version,
    'network.local.address': local?.address,
    'network.local.port': local?.port,
    'network.peer.address': peer.address,
    'network.peer.port': peer.port,
    'network.transport': seen.transport,
    'network.type': seen.type,
    'process.creation.time': process.creationTime,
    'process.entity_id': process.entityId,
    'process.executable.name': process.program?.executableName,
    'process.executable.path': process.program?.executablePath,
    'process.parent.entity_id': process.creatorEntityId,
    'process.parent_pid': process.creator?.pid,
    'process.pid': process.ref.pid,
    'process.user.id': process.userId,
    'process.user.name': process.userName,
    'server.address': name?.name,
    'session.id': session.id,
    'spoor.event.boot_ns': seen.bootNs,
    'spoor.network.namespace': seen.namespace || undefined,
    'spoor.redacted': undefined,
    'spoor.server.basis': name?.basis,
    'spoor.session.basis': session.basis,
    'spoor.session.evidence': session.evidence,
    'thread.id': seen.threadId,
  };
}

export function describeGap(seen: SensorGap): Attributes {
  return {
    'spoor.event.boot_ns': seen.bootNs,
    'spoor.gap.cause': seen.cause,
    'spoor.gap.count': seen.count,
    'spoor.gap.cpu': seen.cpu,
    'spoor.gap.event': seen.lost,
    'spoor.gap.hook': seen.hook,
  };
}

/** What an event about the session itself carries of the session and its root process. */
export function describeRoot(bootNs: bigint, session: Attribution, process: Process): Attributes {
  return {
    'gen_ai.agent.name': session.agent.name,
    'gen_ai.agent.version': session.agent.version,
    'process.creation.time': process.creationTime,
    'process.entity_id': process.entityId,
    'process.executable.name': process.program?.executableName,
    'process.executable.path': process.program?.executablePath,
    'process.parent.entity_id': process.creatorEntityId,
    'process.parent_pid': process.creator?.pid,
    'process.pid': process.ref.pid,
    'process.user.id': process.userId,
    'process.user.name': process.userName,
    'session.id': session.id,
    'spoor.event.boot_ns': bootNs,
    'spoor.session.basis': session.basis,
    'spoor.session.evidence': 'root process',
  };
}

/** What an event says of a process that is in no session. */
export function describeProcess(bootNs: bigint, process: Process): Attributes {
  return {
    'process.command_args': process.program?.args,
    'process.creation.time': process.creationTime,
    'process.entity_id': process.entityId,
    'process.executable.name': process.program?.executableName,
    'process.executable.path': process.program?.executablePath,
    'process.parent.entity_id': process.creatorEntityId,
    'process.parent_pid': process.creator?.pid,
    'process.pid': process.ref.pid,
    'process.user.id': process.userId,
    'process.user.name': process.userName,
    'spoor.event.boot_ns': bootNs,
  };
}

export function programOf(seen: ProcessExec | ProcessExisting): Program {
  const executablePath = shown(seen.executable);
  return {
    executablePath,
    executableName: executablePath.slice(executablePath.lastIndexOf('/') + 1),
    args: seen.args.map(shown),
    workingDirectory: shown(seen.workingDirectory),
  };
}

/** As ls -l /proc/PID/ns shows them: "net=4026531840". */
function namespacesOf(namespaces: Namespaces): string[] {
  return Object.entries(namespaces).map(([name, inode]) => `${name}=${inode}`);
}
