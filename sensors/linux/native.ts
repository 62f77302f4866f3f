/** The addon's face (addon/addon.c), and where the built parts lie. */

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SensorError } from '../sensor.ts';

/** What open() gives. Only the addon looks inside. */
export type Handle = { readonly opaque: unique symbol };

/** See addon/pins.h, struct pins. */
export interface FoundKept {
  readonly found: 'nothing' | 'same' | 'other' | 'broken';
  readonly tagsKept: boolean;
  readonly overwritten: boolean;
  readonly replayUntil: bigint;
  readonly markIndex: bigint;
  readonly unmarked: bigint;
  /** By kind of record. */
  readonly unread: readonly bigint[];
  readonly attachedAgain: readonly string[];
}

/** Why a program does not run here. */
export interface MissingProgram {
  /** Its section: where it would be attached, such as "tp_btf/sys_exit". */
  readonly hook: string;
  /** 0: the kernel has no such place; else with which it refused. */
  readonly errno: number;
}

export interface Native {
  /** Why this kernel takes no programs of the tier lsm; undefined when it does. Found out by giving it one. */
  refusal(): string | undefined;
  /** With `keepAt`, what is there under the same `identity` is taken over, and goes on when this process ends. */
  open(objectPath: string, tier: string, ringBytes: number, keepAt?: string, identity?: string): Handle;
  /** What was found at `keepAt`, once attached; undefined when nothing is kept. */
  kept(handle: Handle): FoundKept | undefined;
  /** Everything before `position` of the ring, so many records, is in the log for good; the rest, from `index` on. */
  mark(handle: Handle, position: bigint, records: bigint, index: bigint): void;
  /** Nothing goes on any more when this process ends, or detaches. */
  forget(handle: Handle): void;
  /** What became of a suspect's tag; 0 when that is not known any more. */
  verdict(handle: Handle, tag: number): number;
  /** Takes away what is kept at a path. @throws when it belongs to a service that runs */
  unkeep(path: string): void;
  attach(handle: Handle): void;
  detach(handle: Handle): void;
  /** Takes one program off its hook. */
  detachProgram(handle: Handle, program: string): void;
  listen(handle: Handle, drain: () => void): void;
  drain(handle: Handle): Buffer | undefined;
  positions(handle: Handle): [consumed: bigint, produced: bigint, takenRecords: bigint];
  counters(handle: Handle): Buffer;
  /** Events lost since the counters began, on all CPUs. */
  lost(handle: Handle): number;
  misses(handle: Handle): Record<string, bigint>;
  /** `words`: SUSPECT_WORD_BYTES each (bpf/records.h), padded with NUL. */
  suspect(handle: Handle, words: Buffer): void;
  unsuspect(handle: Handle, words: Buffer): void;
  /** `hash` of a host's name as named-hosts.ts makes it; `how`: NAMED_HOST, 0 takes it off the list. */
  nameHost(handle: Handle, hash: bigint, how: number): void;
  /** `ownMounts`, `hostMounts`: inodes of mount namespaces; `files`: as guard.ts packs them. */
  guard(
    handle: Handle,
    pid: number,
    startNs: bigint,
    ownMounts: number,
    hostMounts: number,
    files: Buffer,
  ): void;
  unguard(handle: Handle): void;
  judge(handle: Handle, tag: number, becomes: number): void;
  ask(handle: Handle, iterator: string, pid: number, session: number, slot: number): Buffer;
  /** 64-bit counts by system call number. */
  histogram(handle: Handle, slot: number): Buffer;
  /** By name the programs that do not run here. */
  missing(handle: Handle): Record<string, MissingProgram>;
  wallOffsetNs(): bigint;
  close(handle: Handle): void;
  /** One datagram to a unix socket, as sd_notify(3) sends it; "@" begins an abstract address. */
  notify(path: string, text: string): void;
  /** Who connected to a unix socket, as it was then (SO_PEERCRED). pid 0: outside our pid namespace. */
  peer(descriptor: number): { readonly pid: number; readonly uid: number };
  /** Gives back what malloc keeps of freed memory, and what of Node's own program has been run through and may not be again. */
  trim(): void;
  /** Ends the process without Node's exit, which would reset the terminal and wait for every thread. */
  leave(exitCode: number): never;
}

/** The checkout's or package's root: the nearest folder above that has Spoor's package.json. */
function rootFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).name === 'spoor') return folder;
    const above = dirname(folder);
    if (above === folder)
      throw new SensorError(
        `no package.json of spoor above ${fileURLToPath(import.meta.url)}; install it again`,
      );
    folder = above;
  }
}

function built(name: string): string {
  const path = join(rootFolder(), 'build', 'linux', name);
  if (!existsSync(path)) throw new SensorError(`${path} is missing; run: make build`);
  return path;
}

/** Absolute path of spoor-launch (launch/spoor-launch.c). @throws SensorError when it was not built */
export function launcherPath(): string {
  return built('spoor-launch');
}

/** Absolute path of spoor-canary (canary/spoor-canary.c). @throws SensorError when it was not built */
export function canaryPath(): string {
  return built('spoor-canary');
}

export function objectPath(): string {
  return built('sensor.bpf.o');
}

export function loadNative(): Native {
  const path = built('spoor_sensor.node');
  try {
    return createRequire(import.meta.url)(path) as Native;
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new SensorError(`${path} cannot be loaded: ${cause}; install libbpf1, then run: make build`);
  }
}
