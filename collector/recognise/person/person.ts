/**
 * For whom a process acts: the user it runs as, the user who logged in, the terminal, and how it was started.
 *
 * The kernel keeps the login user through sudo and su (loginuid, set once by pam_loginuid). Where nothing set it, the
 * login is inferred from the ancestors; the basis says which. Nothing is taken from the environment: SUDO_USER and
 * SSH_CONNECTION are what the process says of itself.
 */

import { readFileSync } from 'node:fs';
import type { ProcReader } from './proc.ts';
import { groupFacts, type StartKind, startKindOf, userChanger } from './start-kind.ts';

/** Ancestors looked at. A chain of shells and wrappers has some 10; past it the start is unknown. */
const MAX_ANCESTORS = 64;

export interface UserRef {
  readonly id: number;
  /** Undefined where this host has no name for the id. */
  readonly name: string | undefined;
}

export interface Login {
  readonly user: UserRef;
  /** verified: the kernel's loginuid. inferred: the user below the program that logged somebody in, or logind's record. */
  readonly basis: 'verified' | 'inferred';
}

/** One hand-over to another user: `program` was called by `from` and ran what follows as `to`. */
export interface UserChange {
  readonly program: string;
  readonly from: UserRef;
  readonly to: UserRef;
}

export interface Person {
  /** Whom the process runs as. */
  readonly user: UserRef;
  /** Who logged in; undefined where no login led here (a service, a container). */
  readonly login: Login | undefined;
  /** Session number of logind, or of the kernel's audit where there is no logind. */
  readonly loginSession: string | undefined;
  readonly terminal: string | undefined;
  /** The nearest start: an editor's, when an editor on a remote host started it through ssh. */
  readonly startedBy: StartKind;
  /** All starts from the nearest outwards, with the program or unit that shows each. */
  readonly through: readonly { readonly kind: StartKind; readonly shownBy: string }[];
  /** From the nearest outwards; empty when nobody changed the user. */
  readonly changes: readonly UserChange[];
  /** Who the login user is in the organisation's directory, by the mapping file. */
  readonly directorySubject: string | undefined;
}

export interface PersonNeeds {
  readonly proc: ProcReader;
  readonly userName: (id: number) => string | undefined;
  /** Directory subject of a user name. */
  readonly directorySubject?: (userName: string) => string | undefined;
  /** Where logind writes what it knows of its sessions. */
  readonly loginSessions?: string;
}

/** @returns a function that answers for a live process, undefined when it is gone */
export function createPersonReader(needs: PersonNeeds): (pid: number) => Person | undefined {
  const {
    proc,
    userName,
    directorySubject = () => undefined,
    loginSessions = '/run/systemd/sessions',
  } = needs;
  const userRef = (id: number): UserRef => ({ id, name: userName(id) });

  return function personOf(pid) {
    const status = proc.status(pid);
    if (!status) return undefined;
    const walked = walk(proc, pid, status.realUserId, userRef);
    const group = groupFacts(proc.cgroup(pid));
    const session = readLoginSession(loginSessions, group.loginSession);
    const through = [...walked.through];
    if (session?.kind && !through.some(({ kind }) => kind === session.kind))
      through.push({ kind: session.kind, shownBy: `login session ${group.loginSession}` });
    // A service's own group says nothing that its ancestors did not, unless no ancestor started anything.
    if (
      group.kind &&
      (through.length === 0 ||
        (group.kind === 'container' && !through.some(({ kind }) => kind === 'container')))
    )
      through.push({ kind: group.kind, shownBy: group.unit ?? 'control group' });
    const login = loginOf(proc.loginUserId(pid), session?.userId ?? walked.loginUserId, userRef);
    const auditSession = proc.auditSession(pid);
    return {
      user: userRef(status.effectiveUserId),
      login,
      loginSession: group.loginSession ?? (auditSession === undefined ? undefined : String(auditSession)),
      terminal: proc.terminal(pid),
      startedBy: through[0]?.kind ?? 'unknown',
      through,
      changes: walked.changes,
      directorySubject: subjectOf(login?.user ?? userRef(status.realUserId), directorySubject),
    };
  };
}

interface Walked {
  readonly through: readonly { readonly kind: StartKind; readonly shownBy: string }[];
  readonly changes: readonly UserChange[];
  /** Real user just below the outermost program that logs people in. */
  readonly loginUserId: number | undefined;
}

const LOGIN_KINDS: ReadonlySet<StartKind> = new Set(['ssh', 'console', 'desktop']);

/** From the process to the root of the tree. */
function walk(proc: ProcReader, pid: number, realUserId: number, userRef: (id: number) => UserRef): Walked {
  const through: { kind: StartKind; shownBy: string }[] = [];
  const changes: UserChange[] = [];
  let loginUserId: number | undefined;
  let changer: string | undefined;
  let below = realUserId;
  let current = pid;
  for (let level = 0; level < MAX_ANCESTORS; level++) {
    const parent = proc.status(current)?.parentPid;
    if (!parent) break;
    current = parent;
    const status = proc.status(current);
    const executable = proc.executable(current);
    if (!status || executable === undefined) continue;
    const changing = userChanger(executable);
    if (changing) {
      changer = changing;
      continue;
    }
    if (changer) {
      if (status.realUserId !== below)
        changes.push({ program: changer, from: userRef(status.realUserId), to: userRef(below) });
      changer = undefined;
    }
    const kind = startKindOf(executable, proc.args(current));
    if (kind) {
      if (through.at(-1)?.kind !== kind) through.push({ kind, shownBy: executable });
      // sshd and login run as root above the user's first process: whoever is just below them logged in.
      if (LOGIN_KINDS.has(kind) && below !== 0) loginUserId = below;
      if (LOGIN_KINDS.has(kind) && status.realUserId !== 0) loginUserId = status.realUserId;
    }
    below = status.realUserId;
  }
  return { through, changes, loginUserId };
}

function loginOf(
  loginUid: number | undefined,
  inferred: number | undefined,
  userRef: (id: number) => UserRef,
): Login | undefined {
  if (loginUid !== undefined) return { user: userRef(loginUid), basis: 'verified' };
  return inferred === undefined ? undefined : { user: userRef(inferred), basis: 'inferred' };
}

function subjectOf(
  user: UserRef,
  directorySubject: (userName: string) => string | undefined,
): string | undefined {
  return user.name === undefined ? undefined : directorySubject(user.name);
}

/** logind's record of a session: lines NAME=value, for logind itself and for those who may not ask it over D-Bus. */
function readLoginSession(
  directory: string,
  id: string | undefined,
): { kind: StartKind | undefined; userId: number | undefined } | undefined {
  if (id === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(`${directory}/${id}`, 'utf8');
  } catch (error) {
    // Closed a moment ago, or a host without logind.
    if ((error as NodeJS.ErrnoException).errno === undefined) throw error;
    return undefined;
  }
  const value = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1];
  const service = value('SERVICE') ?? '';
  const type = value('TYPE') ?? '';
  const userId = value('UID');
  return {
    kind:
      service === 'sshd'
        ? 'ssh'
        : service.startsWith('cron')
          ? 'cron'
          : type === 'x11' || type === 'wayland'
            ? 'desktop'
            : type === 'tty'
              ? 'console'
              : undefined,
    userId: userId === undefined ? undefined : Number(userId),
  };
}
