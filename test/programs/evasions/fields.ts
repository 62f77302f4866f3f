/** What an event of the sensor says, under the names that the programs use. */

import type { SensorEvent } from '../../../sensors/event.ts';

export type Value = number | bigint | string | Buffer | undefined;
export type Fields = Readonly<Record<string, Value>>;

/** Undefined: the event tells nothing of that kind of act. */
export function fieldsOf(event: SensorEvent, act: string): Fields | undefined {
  if (event.kind === 'file.open' && act === 'file.create' && event.created) return openFields(event);
  if (event.kind === 'process.exec_failed' && act === 'process.exec') {
    const { calledPath, args, errno } = event;
    return { called_path: calledPath, args_count: args.length, arg0: args[0], arg_last: args.at(-1), errno };
  }
  if (event.kind === 'unix.connect' && act === 'network.connect') {
    return { transport: 'unix', path: event.path, peer_pid: event.peer?.pid, errno: event.errno };
  }
  if (event.kind !== act) return undefined;
  switch (event.kind) {
    case 'process.exec':
      return {
        path: event.executable,
        device: event.executableFile.device,
        inode: event.executableFile.inode,
        called_path: event.calledPath,
        args_count: event.argsCount,
        arg0: event.args[0],
        arg_last: event.args.at(-1),
        script: event.script,
        deleted: Number(event.executableDeleted),
        in_memory: Number(event.executableInMemory),
        args_cut: Number(event.cut.includes('args')),
        errno: 0,
      };
    case 'process.exit':
      return { exit_code: event.exitCode };
    case 'file.open':
      return openFields(event);
    case 'file.create':
    case 'file.delete':
      return changeFields(event);
    case 'file.rename':
      return { ...changeFields(event), from: event.previousPath, exchange: Number(event.exchange) };
    case 'file.link':
      return { ...changeFields(event), target: event.previousPath, symbolic_target: event.symbolicTarget };
    case 'file.truncate':
      return { ...changeFields(event), size: event.sizeBytes };
    case 'file.attributes':
      return {
        ...changeFields(event),
        attribute: event.change,
        mode: event.mode,
        owner: event.ownerUid,
        xattr: event.attribute,
      };
    case 'file.close':
      return {
        path: event.path,
        device: event.file.device,
        inode: event.file.inode,
        read_bytes: event.bytesRead,
        written_bytes: event.bytesWritten,
        mapped_bytes: event.bytesMapped,
        mapped: event.mapped.includes('write') ? 'write' : event.mapped[0],
      };
    case 'network.connect':
      return {
        transport: event.transport,
        address: event.peer.address,
        port: event.peer.port,
        errno: event.errno,
        network: event.namespace,
      };
    case 'network.accept':
      return { transport: event.transport, port: event.local.port, peer_port: event.peer.port };
    case 'network.listen':
      return { transport: event.transport, port: event.local.port };
    case 'network.close':
      return {
        transport: event.transport,
        port: event.peer.port,
        sent_bytes: event.bytesSent,
        received_bytes: event.bytesReceived,
        network: event.namespace,
      };
    case 'network.raw':
      return { family: event.family, errno: event.errno };
    case 'syscall':
      return { call: event.call, errno: event.errno };
    case 'security.ptrace':
    case 'security.process_memory':
    case 'security.memfd':
    case 'security.credentials':
    case 'security.signal':
    case 'security.mount':
    case 'security.namespace':
    case 'security.module':
    case 'security.bpf':
    case 'security.chroot':
    case 'security.memory':
    case 'security.io_uring':
    case 'security.pidfd_getfd':
    case 'security.resources':
      return {
        call: event.call,
        request: event.request,
        target: event.target?.pid,
        path: event.file ?? event.path,
        namespaces: event.namespaces.join(),
        uid: event.credentials?.uid,
        errno: event.errno,
      };
    default:
      return {};
  }
}

type EventOf<Kind extends SensorEvent['kind']> = Extract<SensorEvent, { kind: Kind }>;

function openFields({ path, file, access, errno }: EventOf<'file.open'>): Fields {
  return { path, device: file?.device, inode: file?.inode, access, errno };
}

type Change = EventOf<
  'file.create' | 'file.delete' | 'file.rename' | 'file.link' | 'file.truncate' | 'file.attributes'
>;

function changeFields({ path, file, errno }: Change): Fields {
  return { path, device: file?.device, inode: file?.inode, errno };
}
