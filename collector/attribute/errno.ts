/** Names of the kernel's numbers: errno and signals, as a person and a rule write them. */

import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';

const ERRNO_NAMES = new Map<number, string>();
// Two names of one number (EAGAIN, EWOULDBLOCK): keep the first, as errno(3) lists them.
for (const [name, number] of Object.entries(constants.errno)) {
  if (!ERRNO_NAMES.has(number)) ERRNO_NAMES.set(number, name);
}
// Names that only libuv's own list has (EREMOTEIO).
for (const [number, [name]] of getSystemErrorMap()) {
  if (!ERRNO_NAMES.has(-number)) ERRNO_NAMES.set(-number, name);
}
const SIGNAL_NAMES = new Map(
  Object.entries(constants.signals)
    // Two names of one number: keep the one that signal(7) lists first.
    .filter(([name]) => name !== 'SIGIOT' && name !== 'SIGPOLL' && name !== 'SIGUNUSED')
    .map(([name, number]) => [number, name]),
);
/** signal(7): the first real-time signal an application may use, as glibc counts. */
const SIGRTMIN = 34;

/** "EACCES" for 13; "errno 999" where there is no name. */
export function errnoName(errno: number): string {
  return ERRNO_NAMES.get(errno) ?? `errno ${errno}`;
}

/** "SIGKILL" for 9, "SIGRTMIN+2" for 36. */
export function signalName(signal: number): string {
  const name = SIGNAL_NAMES.get(signal);
  if (name) return name;
  return signal >= SIGRTMIN ? `SIGRTMIN+${signal - SIGRTMIN}` : `signal ${signal}`;
}
