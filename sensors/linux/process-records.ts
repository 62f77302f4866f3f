/** Records of processes: fork, exec, exit. */

import type {
  Credentials,
  FileRef,
  Namespaces,
  ProcessExec,
  ProcessExecFailed,
  ProcessExit,
  ProcessFork,
  ProcessRef,
  SessionTag,
} from '../event.ts';
import {
  EXEC_FLAG,
  PROCESS_EXEC,
  PROCESS_EXEC_FAILED,
  PROCESS_EXIT,
  PROCESS_FORK,
} from './generated/layout.ts';
import { isCut, isDeleted, RecordOf } from './record.ts';
import { joined, SLASH, splitArguments, withoutDots } from './text.ts';

/** Bits of a wait status, as waitpid(2) lays them out. */
const STATUS_SIGNAL = 0x7f;

export class Fork extends RecordOf implements ProcessFork {
  get kind(): 'process.fork' {
    return 'process.fork';
  }

  get creator(): ProcessRef {
    return this.processAt(PROCESS_FORK.creator);
  }
}

export class Exec extends RecordOf implements ProcessExec {
  get kind(): 'process.exec' {
    return 'process.exec';
  }

  get parent(): ProcessRef {
    return this.processAt(PROCESS_EXEC.parent);
  }

  get around(): SessionTag {
    return this.u32(PROCESS_EXEC.around);
  }

  get credentials(): Credentials {
    return this.credentialsAt(PROCESS_EXEC);
  }

  get executableFile(): FileRef {
    return this.fileAt(PROCESS_EXEC.executable);
  }

  get executableSizeBytes(): bigint {
    return this.u64(PROCESS_EXEC.executable.size_bytes);
  }

  get executableChangeNs(): bigint {
    return this.u64(PROCESS_EXEC.executable.change_ns);
  }

  private get argsAt(): number {
    return PROCESS_EXEC.sizeBytes;
  }

  private get calledAt(): number {
    return this.argsAt + this.u32(PROCESS_EXEC.args_bytes);
  }

  private get executableAt(): number {
    return this.calledAt + this.u32(PROCESS_EXEC.called_bytes);
  }

  private get workingDirectoryAt(): number {
    return this.executableAt + this.u16(PROCESS_EXEC.executable_path.text_bytes);
  }

  get args(): readonly Buffer[] {
    const bytes = this.slice(this.argsAt, this.u32(PROCESS_EXEC.args_bytes));
    if (!(this.u32(PROCESS_EXEC.flags) & EXEC_FLAG.EXEC_ARGS_CUT)) return splitArguments(bytes);
    // The middle is missing: what stands before the gap and what stands behind it are not one argument.
    const half = bytes.length / 2;
    return [...splitArguments(bytes.subarray(0, half)), ...splitArguments(bytes.subarray(half))];
  }

  get argsCount(): number {
    return this.u32(PROCESS_EXEC.args_count);
  }

  get calledPath(): Buffer {
    return this.slice(this.calledAt, this.u32(PROCESS_EXEC.called_bytes));
  }

  get executable(): Buffer {
    return this.pathAt(this.executableAt, PROCESS_EXEC.executable_path);
  }

  get executableDeleted(): boolean {
    return isDeleted(this.u16(PROCESS_EXEC.executable_path.flags));
  }

  get workingDirectory(): Buffer {
    return this.pathAt(this.workingDirectoryAt, PROCESS_EXEC.working_directory);
  }

  private get cgroupAt(): number {
    return this.workingDirectoryAt + this.u16(PROCESS_EXEC.working_directory.text_bytes);
  }

  get script(): Buffer | undefined {
    if (!(this.u32(PROCESS_EXEC.flags) & EXEC_FLAG.EXEC_INTERPRETED)) return undefined;
    const called = this.calledPath;
    return called[0] === SLASH ? called : withoutDots(joined(this.workingDirectory, called));
  }

  get executableInMemory(): boolean {
    return (this.u32(PROCESS_EXEC.flags) & EXEC_FLAG.EXEC_IN_MEMORY) !== 0;
  }

  get executableUpperLayer(): boolean {
    return (this.u32(PROCESS_EXEC.flags) & EXEC_FLAG.EXEC_UPPER_LAYER) !== 0;
  }

  get namespaces(): Namespaces {
    const { mount, pid, net, user } = PROCESS_EXEC.namespaces;
    return { mount: this.u32(mount), pid: this.u32(pid), net: this.u32(net), user: this.u32(user) };
  }

  get cgroup(): Buffer {
    return this.pathAt(this.cgroupAt, PROCESS_EXEC.cgroup);
  }

  get cut(): readonly string[] {
    const { EXEC_ARGS_CUT, EXEC_ARGS_UNREADABLE, EXEC_CALLED_CUT } = EXEC_FLAG;
    const flags = this.u32(PROCESS_EXEC.flags);
    const cut: string[] = [];
    if (flags & (EXEC_ARGS_CUT | EXEC_ARGS_UNREADABLE)) cut.push('args');
    if (flags & EXEC_CALLED_CUT) cut.push('calledPath');
    if (isCut(this.u16(PROCESS_EXEC.executable_path.flags))) cut.push('executable');
    if (isCut(this.u16(PROCESS_EXEC.working_directory.flags))) cut.push('workingDirectory');
    return cut;
  }
}

export class Exit extends RecordOf implements ProcessExit {
  get kind(): 'process.exit' {
    return 'process.exit';
  }

  get exitCode(): number | undefined {
    const status = this.u32(PROCESS_EXIT.status);
    return status & STATUS_SIGNAL ? undefined : (status >>> 8) & 0xff;
  }

  get exitSignal(): number | undefined {
    return this.u32(PROCESS_EXIT.status) & STATUS_SIGNAL || undefined;
  }
}

export class ExecFailed extends RecordOf implements ProcessExecFailed {
  get kind(): 'process.exec_failed' {
    return 'process.exec_failed';
  }

  get errno(): number {
    return this.u32(PROCESS_EXEC_FAILED.error);
  }

  private get argsAt(): number {
    return PROCESS_EXEC_FAILED.sizeBytes + this.u32(PROCESS_EXEC_FAILED.called_bytes);
  }

  get args(): readonly Buffer[] {
    return splitArguments(this.slice(this.argsAt, this.u32(PROCESS_EXEC_FAILED.args_bytes)));
  }

  get calledPath(): Buffer {
    const walksAt = this.argsAt + this.u32(PROCESS_EXEC_FAILED.args_bytes);
    const called = this.slice(PROCESS_EXEC_FAILED.sizeBytes, this.u32(PROCESS_EXEC_FAILED.called_bytes));
    return joined(this.pathAt(walksAt, PROCESS_EXEC_FAILED.called_from), called);
  }

  get cut(): readonly string[] {
    const { EXEC_ARGS_CUT, EXEC_ARGS_UNREADABLE, EXEC_CALLED_CUT } = EXEC_FLAG;
    const flags = this.u32(PROCESS_EXEC_FAILED.flags);
    const cut: string[] = [];
    if (flags & (EXEC_ARGS_CUT | EXEC_ARGS_UNREADABLE)) cut.push('args');
    if (flags & EXEC_CALLED_CUT || isCut(this.u16(PROCESS_EXEC_FAILED.called_from.flags)))
      cut.push('calledPath');
    return cut;
  }
}
