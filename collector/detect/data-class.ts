/** What kind of data a path is known to hold, and which AI agent it belongs to. */

import { LRUCache } from 'lru-cache';
import type { Catalogue } from '../recognise/catalogue.ts';
import { compileGlob } from '../recognise/glob.ts';
import { TextFinder } from './aho-corasick.ts';

/** Paths remembered with their class. 200 B each, so 3 MB; past it the one asked for longest ago is worked out again. */
const MAX_PATHS = 16_384;

/**
 * credentials: what lets somebody in (keys, tokens, passwords). agent_credentials: an AI agent's own. system_secret:
 * what only root should read. guard: files that decide what runs later, or what an agent may do. agent_config: the
 * folders of an AI agent. records: tables, dumps and documents in which people's data usually lies.
 */
export type DataClass =
  | 'credentials'
  | 'agent_credentials'
  | 'system_secret'
  | 'guard'
  | 'agent_config'
  | 'records';

export interface PathClass {
  readonly class: DataClass;
  /** Catalogue ids of the agents it belongs to; several where they share a folder. */
  readonly owners: readonly string[];
}

/** Files in which people's data usually lies, whatever folder they are in. */
const RECORDS =
  /\.(csv|tsv|xlsx?|ods|parquet|avro|sql(\.gz)?|dump|bak|mdb|accdb|sqlite3?|db|pst|ost|mbox|kdbx)$/i;
/** Data that programs keep for themselves under such names, and that nobody means by "records". */
const NOT_RECORDS =
  /\/(\.git|node_modules|\.cache|site-packages|dist-packages|__pycache__|\.mypy_cache|usr\/(lib|share)|var\/(cache|lib\/(apt|dnf|dpkg|rpm|PackageKit|plocate)))\//;
const SYSTEM_SECRETS = [
  '/etc/shadow',
  '/etc/shadow-',
  '/etc/gshadow',
  '/etc/sudoers',
  '/etc/sudoers.d/*',
  '/proc/*/environ',
  '/proc/*/mem',
  '/etc/ssh/ssh_host_*_key',
];
/** Guard files beyond those of the catalogue. */
const GUARDS = [
  '/etc/profile',
  '/etc/profile.d/*',
  '/etc/bash.bashrc',
  '/etc/environment',
  '/etc/ld.so.preload',
  '/etc/rc.local',
  '/etc/crontab',
  '/etc/pam.d/*',
  '/etc/systemd/system/**',
  '/etc/init.d/*',
  '/etc/udev/rules.d/*',
  '~/.bash_login',
  '~/.bash_logout',
  '~/.zprofile',
  '~/.zlogin',
  '~/.ssh/authorized_keys',
  '~/.ssh/config',
  '~/.ssh/rc',
  '~/.gitconfig',
  '~/.config/git/config',
  '~/.config/autostart/*',
  '~/.pam_environment',
  '**/.vscode/{tasks,settings}.json',
  '**/.cursor/mcp.json',
  '**/.cursor/rules/**',
  '**/.gemini/settings.json',
  '**/.codex/config.toml',
  '**/.config/opencode/opencode.json',
  '**/.copilot/mcp-config.json',
  '**/claude_desktop_config.json',
  '**/.codeium/windsurf/mcp_config.json',
  '**/.kiro/settings/mcp.json',
  '**/.github/copilot-instructions.md',
];

/** A path's class, or undefined; the most telling one where several fit. */
export type DataClassOf = (path: string) => PathClass | undefined;

export function createDataClasses(catalogue: Catalogue): DataClassOf {
  const rules = [
    ...globRules('system_secret', SYSTEM_SECRETS),
    ...catalogue.agents.flatMap((agent) => globRules('agent_credentials', agent.credentials, agent.id)),
    ...globRules('guard', GUARDS),
    ...globRules('guard', catalogue.guardFiles.globs),
    ...globRules('credentials', catalogue.developerCredentials.globs),
    ...catalogue.agents.flatMap((agent) =>
      globRules(
        'agent_config',
        agent.folders.flatMap((folder) => [folder, `${folder}/**`]),
        agent.id,
      ),
    ),
  ];
  const byLiteral = new Map<string, number[]>();
  for (const [index, { literal }] of rules.entries())
    byLiteral.set(literal, [...(byLiteral.get(literal) ?? []), index]);
  const sharing = [...byLiteral.values()];
  const finder = new TextFinder([...byLiteral.keys()]);
  const known = new LRUCache<string, PathClass | 'none'>({ max: MAX_PATHS });

  function classify(path: string): PathClass | undefined {
    let best = -1;
    const literals = Array.from(finder.found.subarray(0, finder.find(path)));
    const candidates = literals.flatMap((literal) => sharing[literal] ?? []);
    const fitting = candidates
      .sort((one, other) => one - other)
      .filter((index) => rules[index]?.matches(path));
    for (const index of fitting) if (best < 0) best = index;
    const first = rules[best];
    if (first) {
      const owners = fitting.map((index) => rules[index]).filter((rule) => rule?.class === first.class);
      return { class: first.class, owners: [...new Set(owners.flatMap((rule) => rule?.owner ?? []))] };
    }
    return RECORDS.test(path) && !NOT_RECORDS.test(path) ? { class: 'records', owners: [] } : undefined;
  }

  return (path) => {
    let found = known.get(path);
    if (found === undefined) {
      found = classify(path) ?? 'none';
      known.set(path, found);
    }
    return found === 'none' ? undefined : found;
  };
}

interface GlobRule {
  readonly class: DataClass;
  readonly owner: string | undefined;
  /** A text that every matching path holds. */
  readonly literal: string;
  matches(path: string): boolean;
}

/** Globs of one class; those with "!" take paths out of it again. */
function globRules(dataClass: DataClass, globs: readonly string[], owner?: string): GlobRule[] {
  const outside = globs.filter((glob) => glob.startsWith('!')).map((glob) => compileGlob(glob.slice(1)));
  return globs
    .filter((glob) => !glob.startsWith('!'))
    .map((source) => {
      const glob = compileGlob(source);
      return {
        class: dataClass,
        owner,
        literal: longestLiteral(source),
        matches: (path) =>
          glob.match(path) !== undefined && !outside.some((out) => out.match(path) !== undefined),
      };
    });
}

function longestLiteral(glob: string): string {
  const parts = glob.replace(/^~/, '').split(/\*+|\?|\{[^}]*\}|\[[^\]]*\]|<[^>]*>/);
  return parts.reduce((best, part) => (part.length > best.length ? part : best), '') || '/';
}
