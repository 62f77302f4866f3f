/**
 * The catalogue turned inside out: from the words of one exec to the agents they may mean.
 *
 * Nearly all execs mean none, and must learn so in a few look-ups: a path's segments and a file name are asked of
 * hash tables; a regular expression runs only when its key segment is there.
 */

import type { Agent, Catalogue } from './catalogue.ts';
import { compileGlob, compileWord, type PathGlob } from './glob.ts';

export type PathStrength = 'paths' | 'weakPaths' | 'appPaths';

export interface PathHit {
  readonly agent: Agent;
  readonly strength: PathStrength;
  readonly source: string;
  readonly version: string | undefined;
}

export interface Matcher {
  /** Agents one of whose commands a file name is. */
  byCommand(fileName: string): readonly { readonly agent: Agent; readonly isWeak: boolean }[];
  byPath(path: string): readonly PathHit[];
  byModule(module: string): readonly Agent[];
  byPackage(id: string): readonly Agent[];
  /** Agents one of whose argument markers an argument matches. */
  byArguments(args: readonly string[]): readonly { readonly agent: Agent; readonly argument: string }[];
  /** True when the path could lie in an agent's package: worth asking the file system. */
  namesPackage(path: string): boolean;
}

interface IndexedGlob {
  readonly agent: Agent;
  readonly strength: PathStrength;
  readonly glob: PathGlob;
}

/** Arguments asked for markers. Launchers put theirs first; a compiler's 2,000 object files need not be asked. */
const MAX_ARGUMENTS = 32;

const NOTHING: readonly never[] = [];

export function createMatcher(catalogue: Catalogue): Matcher {
  const commands = new Map<string, { agent: Agent; isWeak: boolean }[]>();
  const globs = new Map<string, IndexedGlob[]>();
  const packages = new Map<string, Agent[]>();
  const packageGlobs: { agent: Agent; matches: (id: string) => boolean }[] = [];
  const packageSegments = new Set<string>();
  const modules: { agent: Agent; matches: (module: string) => boolean }[] = [];
  const words: { agent: Agent; matches: (word: string) => boolean }[] = [];

  for (const agent of catalogue.agents) {
    for (const command of agent.commands) put(commands, command, { agent, isWeak: false });
    for (const command of agent.weakCommands) put(commands, command, { agent, isWeak: true });
    for (const strength of ['paths', 'weakPaths', 'appPaths'] as const)
      for (const source of agent[strength]) {
        const glob = compileGlob(source);
        // entry-fault.ts refuses globs without a key before they come here.
        if (glob.key !== undefined) put(globs, glob.key, { agent, strength, glob });
      }
    for (const id of agent.packages) {
      const name = id.slice(id.indexOf(':') + 1);
      if (id.includes('*')) packageGlobs.push({ agent, matches: compileWord(id) });
      else put(packages, id, agent);
      if (id.startsWith('npm:')) packageSegments.add(name.split('/')[0] as string);
    }
    for (const module of agent.modules) modules.push({ agent, matches: compileWord(module) });
    for (const word of agent.arguments) words.push({ agent, matches: compileWord(word) });
  }

  return {
    byCommand: (fileName) => commands.get(fileName) ?? NOTHING,
    byPath(path) {
      let hits: PathHit[] | undefined;
      for (let start = 1, end = 0; end >= 0 && start < path.length; start = end + 1) {
        end = path.indexOf('/', start);
        const candidates = globs.get(end < 0 ? path.slice(start) : path.slice(start, end));
        if (!candidates) continue;
        for (const { agent, strength, glob } of candidates) {
          const version = glob.match(path);
          if (version === undefined) continue;
          hits ??= [];
          // The key segment may stand in the path twice (@openai/codex/.../bin/codex).
          if (hits.some((hit) => hit.agent === agent && hit.source === glob.source)) continue;
          hits.push({ agent, strength, source: glob.source, version: version === '' ? undefined : version });
        }
      }
      return hits ?? NOTHING;
    },
    byModule: (module) => modules.filter(({ matches }) => matches(module)).map(({ agent }) => agent),
    byPackage(id) {
      const exact = packages.get(id);
      if (exact) return exact;
      return packageGlobs.filter(({ matches }) => matches(id)).map(({ agent }) => agent);
    },
    byArguments(args) {
      const asked = args.slice(0, MAX_ARGUMENTS);
      return words.flatMap(({ agent, matches }) => {
        const argument = asked.find(matches);
        return argument === undefined ? [] : [{ agent, argument }];
      });
    },
    namesPackage(path) {
      for (let start = 1, end = 0; end >= 0 && start < path.length; start = end + 1) {
        end = path.indexOf('/', start);
        if (packageSegments.has(end < 0 ? path.slice(start) : path.slice(start, end))) return true;
      }
      return false;
    },
  };
}

function put<T>(index: Map<string, T[]>, key: string, value: T): void {
  const list = index.get(key);
  if (list) list.push(value);
  else index.set(key, [value]);
}
