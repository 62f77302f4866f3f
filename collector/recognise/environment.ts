/**
 * The environment a process was started with, read for the names the catalogue lists and nothing else.
 *
 * Values are secrets unless the catalogue says otherwise: only a listed value is compared, and only an
 * `identifier` is kept. What the environment says is always self_reported: anybody may export anything.
 */

import type { Agent, Catalogue } from './catalogue.ts';

/** What may be an id: nothing that could carry a key or a command. */
const IDENTIFIER = /^[A-Za-z0-9._:-]{1,128}$/;

export interface HeldMark {
  readonly agent: Agent;
  /** Names that held, with the value where the catalogue lists it: "CODEX_THREAD_ID", "AGENT=amp". */
  readonly shown: string;
  /** Readable ids by variable name. */
  readonly identifiers: Readonly<Record<string, string>>;
}

export interface EnvironmentMarks {
  /** All agents whose marks hold, in the catalogue's order. `bytes` is /proc/PID/environ as it is. */
  held(bytes: Buffer, hasTerminal: () => boolean): readonly HeldMark[];
  /** Unsafe switches of one agent that its environment sets, as NAME=VALUE. */
  unsafe(agent: Agent, bytes: Buffer): readonly string[];
}

export function createEnvironmentMarks(catalogue: Catalogue): EnvironmentMarks {
  const names = createNames(
    catalogue.agents.flatMap((agent) => [
      ...agent.environment.flatMap((mark) => [...mark.variables.keys()]),
      ...agent.unsafeEnvironment.keys(),
    ]),
  );
  const markedAgents = catalogue.agents.filter((agent) => agent.environment.length > 0);
  return {
    held(bytes, hasTerminal) {
      const variables = listed(bytes, names);
      const held: HeldMark[] = [];
      if (variables.size === 0) return held;
      for (const agent of markedAgents) {
        const shown: string[] = [];
        const identifiers: Record<string, string> = {};
        for (const mark of agent.environment) {
          if (!holdsAll(mark.variables, variables)) continue;
          const parts = [...mark.variables].map(([name, values]) =>
            partOf(name, values, variables.get(name)),
          );
          if (parts.some((part) => part === undefined)) continue;
          if (mark.withoutTerminal && hasTerminal()) continue;
          for (const part of parts) {
            shown.push(part?.shown ?? '');
            if (part?.identifier !== undefined) identifiers[part.name] = part.identifier;
          }
        }
        if (shown.length > 0) held.push({ agent, shown: [...new Set(shown)].join(' '), identifiers });
      }
      return held;
    },
    unsafe(agent, bytes) {
      if (agent.unsafeEnvironment.size === 0) return [];
      const variables = listed(bytes, names);
      const set: string[] = [];
      for (const [name, values] of agent.unsafeEnvironment) {
        const value = variables.get(name);
        if (value !== undefined && values.some((listedValue) => wordHolds(listedValue, value)))
          set.push(`${name}=${value}`);
      }
      return set;
    },
  };
}

/** Cheaper than looking at values: most marks fall at their first name. */
function holdsAll(mark: ReadonlyMap<string, unknown>, variables: ReadonlyMap<string, string>): boolean {
  for (const name of mark.keys()) if (!variables.has(name)) return false;
  return true;
}

interface Part {
  readonly name: string;
  readonly shown: string;
  readonly identifier: string | undefined;
}

function partOf(name: string, values: readonly string[], value: string | undefined): Part | undefined {
  if (value === undefined || value === '') return undefined;
  if (values.includes('present')) return { name, shown: name, identifier: undefined };
  if (values.includes('identifier'))
    return { name, shown: name, identifier: IDENTIFIER.test(value) ? value : undefined };
  return values.includes(value) ? { name, shown: `${name}=${value}`, identifier: undefined } : undefined;
}

/** `*` at an end of a listed value stands for anything. */
function wordHolds(listedValue: string, value: string): boolean {
  const star = listedValue.indexOf('*');
  if (star < 0) return listedValue === value;
  return value.startsWith(listedValue.slice(0, star)) && value.endsWith(listedValue.slice(star + 1));
}

/** Names to look for in bytes. Nearly all that stand there are none of them: length and first byte tell of most. */
interface Names {
  readonly all: ReadonlySet<string>;
  /** By first byte, a bit for each length; longer ones share a bit with shorter ones. */
  readonly lengths: Uint32Array;
}

function createNames(list: readonly string[]): Names {
  const lengths = new Uint32Array(256);
  for (const name of list) {
    const first = name.charCodeAt(0);
    lengths[first] = (lengths[first] ?? 0) | (1 << (name.length & 31));
  }
  return { all: new Set(list), lengths };
}

/** Only listed names leave the buffer; the other variables are never made into strings. */
function listed(bytes: Buffer, names: Names): Map<string, string> {
  const variables = new Map<string, string>();
  for (let start = 0; start < bytes.length; ) {
    const nul = bytes.indexOf(0, start);
    const end = nul < 0 ? bytes.length : nul;
    const equals = bytes.indexOf(0x3d, start);
    const mayBeListed = (names.lengths[bytes[start] ?? 0] ?? 0) & (1 << ((equals - start) & 31));
    if (mayBeListed && equals > start && equals < end) {
      const name = bytes.toString('latin1', start, equals);
      if (names.all.has(name)) variables.set(name, bytes.toString('utf8', equals + 1, end));
    }
    start = end + 1;
  }
  return variables;
}
