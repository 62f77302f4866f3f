/** What /proc says of one process, for the question who started it. Every answer may be missing: processes end. */

import { readFileSync, readlinkSync } from 'node:fs';

export interface ProcStatus {
  readonly parentPid: number;
  readonly realUserId: number;
  readonly effectiveUserId: number;
}

export interface ProcReader {
  status(pid: number): ProcStatus | undefined;
  /** Path of the executable as the kernel shows it; " (deleted)" is left out. Undefined for kernel threads too. */
  executable(pid: number): string | undefined;
  args(pid: number): readonly string[];
  /** The user that logged in, kept by the kernel through every change of user. Undefined where none did. */
  loginUserId(pid: number): number | undefined;
  /** Audit session, counted from 1 at boot. */
  auditSession(pid: number): number | undefined;
  /** Such as "pts/3"; undefined without a controlling terminal. */
  terminal(pid: number): string | undefined;
  /** Path in the unified hierarchy, or in systemd's own on a host with both. */
  cgroup(pid: number): string | undefined;
}

/** loginuid and sessionid of a process that nobody's login led to: (uint32_t)-1 (kernel/audit.c). */
const UNSET = 4_294_967_295;

export function createProcReader(procRoot = '/proc'): ProcReader {
  const text = (pid: number, file: string) =>
    attempt(() => readFileSync(`${procRoot}/${pid}/${file}`, 'utf8'));
  const counted = (pid: number, file: string) => {
    const value = text(pid, file)?.trim();
    if (!value || !/^\d+$/.test(value)) return undefined;
    return Number(value) === UNSET ? undefined : Number(value);
  };
  return {
    status(pid) {
      const status = text(pid, 'status');
      const parent = status && /^PPid:\s*(\d+)/m.exec(status)?.[1];
      const uids = status && /^Uid:\s*(\d+)\s+(\d+)/m.exec(status);
      if (!parent || !uids) return undefined;
      return { parentPid: Number(parent), realUserId: Number(uids[1]), effectiveUserId: Number(uids[2]) };
    },
    executable: (pid) => attempt(() => readlinkSync(`${procRoot}/${pid}/exe`))?.replace(/ \(deleted\)$/, ''),
    args: (pid) => text(pid, 'cmdline')?.split('\0').slice(0, -1) ?? [],
    loginUserId: (pid) => counted(pid, 'loginuid'),
    auditSession: (pid) => counted(pid, 'sessionid'),
    terminal(pid) {
      const stat = text(pid, 'stat');
      // The name in parentheses may hold anything, also ")": fields are counted from the last one (proc_pid_stat(5)).
      const number = Number(stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[4] ?? 0);
      return terminalName(number);
    },
    cgroup(pid) {
      const lines = text(pid, 'cgroup')?.split('\n') ?? [];
      const named =
        lines.find((line) => line.includes(':name=systemd:')) ?? lines.find((line) => line.startsWith('0::'));
      return named?.slice(named.indexOf(':', named.indexOf(':') + 1) + 1);
    },
  };
}

/** Device numbers by Documentation/admin-guide/devices.txt; tty_nr holds minor bits 0-7 and 20-31, major bits 8-19. */
function terminalName(number: number): string | undefined {
  if (!Number.isInteger(number) || number === 0) return undefined;
  const major = (number >>> 8) & 0xfff;
  const minor = (number & 0xff) | ((number >>> 12) & 0xfff00);
  if (major >= 136 && major <= 143) return `pts/${minor + (major - 136) * 256}`;
  if (major === 4) return minor < 64 ? `tty${minor}` : `ttyS${minor - 64}`;
  return `${major}:${minor}`;
}

function attempt<T>(question: () => T): T | undefined {
  try {
    return question();
  } catch (error) {
    // Gone (ENOENT, ESRCH), another's (EACCES, EPERM), a kernel thread's exe (ENOENT): not known, all the same.
    if ((error as NodeJS.ErrnoException).errno === undefined) throw error;
    return undefined;
  }
}
