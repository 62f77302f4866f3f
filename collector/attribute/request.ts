/**
 * Does a program that was started outside fit what a session's client asked a daemon for? By what the client was told
 * to do on its command line: the words of what was started, or the unit's name; or, for a daemon's own child made at
 * once, by the working directory (a new window of tmux).
 */

import type { Ancestor } from './lineage.ts';
import type { Program } from './processes.ts';

/** Between the request and a daemon's child that has nothing but the directory in common with it. */
const AT_ONCE_NS = 1_000_000_000n;
/** Words shorter than this, all together, are in every command line. */
const MIN_CHARACTERS = 6;

/** They ask others to start what they are asked for, or are left by it: it need not descend from them. */
const BROKERS = new Set([
  'systemd',
  'dbus-daemon',
  'dbus-broker',
  'dockerd',
  'containerd',
  'podman',
  'crio',
  'libvirtd',
  'machined',
]);
const STARTING_VERBS = /^(?:start|restart|try-restart|reload-or-restart|isolate|enable|reenable)$/;

export interface Request {
  readonly bootNs: bigint;
  readonly client: Program | undefined;
  readonly daemon: { readonly pid: number; readonly program: Program | undefined };
  /** Something was started that fits. */
  hasAnswer: boolean;
}

export interface Started {
  readonly bootNs: bigint;
  readonly program: Program;
  /** Leaf of its cgroup: a unit's name under systemd. */
  readonly unit: string;
  readonly ancestors: () => readonly Ancestor[];
}

/** The evidence, for a person; undefined where nothing fits. */
export function whatFits(request: Request, started: Started): string | undefined {
  const { client, daemon } = request;
  if (!client) return undefined;
  const unit = unitAskedFor(client, started.unit);
  if (unit) return `its unit is ${unit}`;
  const words = wordsAskedFor(client.args, started.program.args);
  const isBroker = BROKERS.has(daemon.program?.executableName ?? '');
  if (!words && !mayFitByDirectory(request, started)) return undefined;
  const ancestors = started.ancestors();
  if (words === 'sequence' && isBroker) return `the words of ${client.executableName}'s command line`;
  if (words && ancestors.some(({ pid }) => pid === daemon.pid))
    return `its descendant runs words of ${client.executableName}'s command line`;
  if (ancestors[0]?.pid === daemon.pid && mayFitByDirectory(request, started))
    return `its next child, in the directory of ${client.executableName}: ${client.workingDirectory}`;
  return undefined;
}

/** systemctl start NAME, systemd-run --unit=NAME. */
function unitAskedFor({ executableName, args }: Program, unit: string): string | undefined {
  if (!unit.endsWith('.service') && !unit.endsWith('.scope')) return undefined;
  if (executableName === 'systemctl' && !args.some((arg) => STARTING_VERBS.test(arg))) return undefined;
  const name = unit.slice(0, unit.lastIndexOf('.'));
  return args.slice(1).some((arg) => {
    const word = arg.startsWith('--unit=') ? arg.slice('--unit='.length) : arg;
    return word === name || word === unit;
  })
    ? unit
    : undefined;
}

/**
 * sequence: the client was given the whole command, word by word or as one text. words: each word stands somewhere in
 * what the client was given.
 */
function wordsAskedFor(asked: readonly string[], args: readonly string[]): 'sequence' | 'words' | undefined {
  const given = asked.slice(1);
  const [called = '', ...rest] = args;
  const name = called.slice(called.lastIndexOf('/') + 1).replace(/^-/, '');
  if (name === '') return undefined;
  const isCalled = (word: string) => word === called || word.slice(word.lastIndexOf('/') + 1) === name;
  const text = rest.at(-1) ?? '';
  for (let at = 0; at < given.length; at += 1) {
    const isSequence = isCalled(given[at] ?? '') && rest.every((arg, index) => given[at + 1 + index] === arg);
    if (isSequence && rest.length > 0) return 'sequence';
    // A shell was given the text: sh -c TEXT; or it split it into words.
    if (rest.length > 0 && text.length >= MIN_CHARACTERS && given[at] === text) return 'sequence';
    if (given[at] === args.join(' ')) return 'sequence';
    if (text.length >= MIN_CHARACTERS && given.slice(at).join(' ') === text) return 'sequence';
  }
  if (args.join('').length < MIN_CHARACTERS) return undefined;
  return [name, ...rest].every((word) => given.some((arg) => arg.includes(word))) ? 'words' : undefined;
}

function mayFitByDirectory({ client, daemon, bootNs, hasAnswer }: Request, started: Started): boolean {
  const directory = client?.workingDirectory;
  if (hasAnswer || !directory || directory === '/') return false;
  if (started.bootNs - bootNs > AT_ONCE_NS || daemon.program?.workingDirectory === directory) return false;
  return started.program.workingDirectory === directory;
}
