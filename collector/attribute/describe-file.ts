/** What the events about names, properties and uses of files say. */

import type {
  FileAccess,
  FileAttributes,
  FileClose,
  FileCreate,
  FileDelete,
  FileLink,
  FileRename,
  FileTruncate,
} from '../../sensors/event.ts';
import type { Attributes } from '../event.ts';
import type { Attribution } from '../session/session.ts';

import { errnoName } from './errno.ts';
import { octal } from './octal.ts';
import type { Process } from './processes.ts';
import { shown } from './shown.ts';
import { shownPath } from './shown-path.ts';

export type FileChange = FileCreate | FileDelete | FileRename | FileLink | FileAttributes | FileTruncate;

/** One literal with the attributes of all six kinds: see describe.ts on why these are no spreads. */
export function describeChange(seen: FileChange, session: Attribution, process: Process): Attributes {
  const { errno, file, cut } = seen;
  const { path, directory, name, extension, bytes } = shownPath(seen.path);
  const own = ownOf(seen);
  return {
    'error.type': errno === 0 ? undefined : errnoName(errno),
    'event.outcome': errno === 0 ? 'success' : 'failure',
    'file.directory': directory,
    'file.extension': extension,
    'file.group.id': own['file.group.id'],
    'file.inode': file ? String(file.inode) : undefined,
    'file.mode': own['file.mode'],
    'file.name': name,
    'file.owner.id': own['file.owner.id'],
    'file.path': path,
    'file.size': own['file.size'],
    'file.symbolic_link.target_path': own['file.symbolic_link.target_path'],
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
    'spoor.event.boot_ns': seen.bootNs,
    'spoor.file.change': own['spoor.file.change'],
    'spoor.file.device': file?.device,
    'spoor.file.flags': own['spoor.file.flags'],
    'spoor.file.path_basis': seen.pathBasis,
    'spoor.file.path_bytes': bytes,
    'spoor.file.previous_path': own['spoor.file.previous_path'],
    'spoor.file.type': own['spoor.file.type'],
    'spoor.file.xattr': own['spoor.file.xattr'],
    'spoor.redacted': undefined,
    'spoor.session.basis': session.basis,
    'spoor.session.evidence': session.evidence,
    'spoor.syscall.name': seen.call,
    'thread.id': seen.threadId,
  };
}

/** What only this kind of change has. */
function ownOf(seen: FileChange): Attributes {
  switch (seen.kind) {
    case 'file.create':
      return {
        'file.mode': seen.mode === undefined ? undefined : octal(seen.mode),
        'spoor.file.type': seen.type,
      };
    case 'file.delete':
      return { 'spoor.file.type': seen.type };
    case 'file.rename':
      return {
        'spoor.file.flags': seen.exchange ? ['exchange'] : undefined,
        'spoor.file.previous_path': shown(seen.previousPath),
      };
    case 'file.link':
      return {
        'file.symbolic_link.target_path': seen.symbolicTarget && shown(seen.symbolicTarget),
        'spoor.file.previous_path': seen.previousPath && shown(seen.previousPath),
        'spoor.file.type': seen.symbolicTarget ? 'link' : undefined,
      };
    case 'file.attributes':
      return {
        'file.group.id': seen.ownerGid === undefined ? undefined : String(seen.ownerGid),
        'file.mode': seen.mode === undefined ? undefined : octal(seen.mode),
        'file.owner.id': seen.ownerUid === undefined ? undefined : String(seen.ownerUid),
        'spoor.file.change': seen.change,
        'spoor.file.xattr': seen.attribute && shown(seen.attribute),
      };
    case 'file.truncate':
      return { 'file.size': seen.sizeBytes };
  }
}

export function describeClose(seen: FileClose, session: Attribution, process: Process): Attributes {
  const { file, ways, mapped, bootNs } = seen;
  const { path, directory, name, extension, bytes } = shownPath(seen.path);
  return {
    'event.duration': bootNs - seen.firstOpenBootNs,
    'file.directory': directory,
    'file.extension': extension,
    'file.hash.sha256': undefined,
    'file.inode': String(file.inode),
    'file.name': name,
    'file.path': path === '' ? undefined : path,
    'file.size': seen.sizeBytes,
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
    'spoor.cut': undefined,
    'spoor.data.class': undefined,
    'spoor.data.owner': undefined,
    'spoor.event.boot_ns': bootNs,
    'spoor.file.access': accessOf(seen.access),
    'spoor.file.bytes_mapped': seen.bytesMapped,
    'spoor.file.bytes_read': seen.bytesRead,
    'spoor.file.bytes_written': seen.bytesWritten,
    'spoor.file.cause': seen.cause,
    'spoor.file.device': file.device,
    'spoor.file.how': ways.length > 0 ? ways : undefined,
    'spoor.file.mapped': mapped.length > 0 ? mapped : undefined,
    'spoor.file.opens': seen.opens,
    'spoor.file.path_basis': 'resolved',
    'spoor.file.path_bytes': bytes,
    'spoor.file.type': seen.type,
    'spoor.hash.missing_reason': undefined,
    'spoor.redacted': undefined,
    'spoor.session.basis': session.basis,
    'spoor.session.evidence': session.evidence,
    'thread.id': seen.threadId,
  };
}

/** One word for all the modes a file was opened in. */
function accessOf(accesses: readonly FileAccess[]): FileAccess {
  const may = (what: 'read' | 'write') =>
    accesses.some((access) => access === what || access === 'read_write');
  if (may('read')) return may('write') ? 'read_write' : 'read';
  return may('write') ? 'write' : 'none';
}
