/**
 * STATE/watch.json: what the next service must know of the watch that goes on in the kernel: its sessions, and which
 * losses were told. Of one boot; written whenever it changes, which is seldom.
 */

import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attributes } from '../event.ts';
import { readIfThere } from '../log/files.ts';
import type { AgentIdentity, Session, StartedBy } from '../session/session.ts';

const FILE = 'watch.json';
const FORMAT = 1;

export interface WatchedSession extends Session {
  /** First record of the log that can be its own. */
  readonly firstRecord: number;
}

export interface WatchFile {
  readonly sessions: readonly WatchedSession[];
  readonly lossTold: ReadonlyMap<string, bigint>;
}

const NOTHING: WatchFile = { sessions: [], lossTold: new Map() };

interface Written {
  readonly format: number;
  readonly boot_id: string;
  readonly sessions: readonly {
    readonly tag: number;
    readonly id: string;
    readonly started_by: StartedBy;
    readonly agent: { readonly name: string; readonly version?: string };
    readonly root: { readonly pid: number; readonly start_ns: string };
    readonly about: Attributes;
    readonly start_boot_ns: string;
    readonly first_record: number;
  }[];
  readonly loss_told: Readonly<Record<string, string>>;
}

/** @returns nothing of another boot, and nothing where there is no file, or none that this version reads */
export function readWatch(stateDirectory: string, bootId: string): WatchFile {
  const bytes = readIfThere(join(stateDirectory, FILE));
  if (!bytes) return NOTHING;
  const written = parse(bytes.toString('utf8'));
  if (written?.format !== FORMAT || written.boot_id !== bootId) return NOTHING;
  return {
    sessions: written.sessions.map((session) => ({
      tag: session.tag,
      id: session.id,
      startedBy: session.started_by,
      agent: { name: session.agent.name, version: session.agent.version } satisfies AgentIdentity,
      root: { pid: session.root.pid, startNs: BigInt(session.root.start_ns) },
      about: session.about,
      startBootNs: BigInt(session.start_boot_ns),
      firstRecord: session.first_record,
    })),
    lossTold: new Map(Object.entries(written.loss_told).map(([key, total]) => [key, BigInt(total)])),
  };
}

/** The file is Spoor's own and replaced as a whole; one that is no JSON was written by somebody else. */
function parse(text: string): Written | undefined {
  try {
    return JSON.parse(text, (_, value) => (isBig(value) ? BigInt(value.bigint) : value)) as Written;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isBig(value: unknown): value is { bigint: string } {
  return typeof value === 'object' && value !== null && 'bigint' in value;
}

/** @throws the file system's error */
export function writeWatch(stateDirectory: string, bootId: string, watch: WatchFile): void {
  const written: Written = {
    format: FORMAT,
    boot_id: bootId,
    sessions: watch.sessions.map(({ tag, id, startedBy, agent, root, about, startBootNs, firstRecord }) => ({
      tag,
      id,
      started_by: startedBy,
      agent: { name: agent.name, ...(agent.version !== undefined && { version: agent.version }) },
      root: { pid: root.pid, start_ns: String(root.startNs) },
      about,
      start_boot_ns: String(startBootNs),
      first_record: firstRecord,
    })),
    loss_told: Object.fromEntries([...watch.lossTold].map(([key, total]) => [key, String(total)])),
  };
  const text = JSON.stringify(written, (_, value) =>
    typeof value === 'bigint' ? { bigint: String(value) } : value,
  );
  // Without fsync: a power cut takes what is in the kernel too, and the file is of one boot.
  const path = join(stateDirectory, FILE);
  writeFileSync(`${path}.next`, `${text}\n`, { mode: 0o600 });
  renameSync(`${path}.next`, path);
}
