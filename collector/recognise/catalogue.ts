/**
 * The catalogue of AI agents as the collector uses it: what was written in schemas/agents.yml and in the
 * endpoint's own file, checked and joined (catalogue-file.ts), with the questions other parts ask of it.
 */

import { compileGlob, compileHost } from './glob.ts';

/**
 * cli, app, daemon: acts by itself. ide: an application in which an agent and a person work side by side.
 * extension: lives in an editor's process. runtime: a model server. mcp: a tool server that acts for an agent.
 * framework: code that makes agents.
 */
export type AgentKind = 'cli' | 'app' | 'ide' | 'extension' | 'daemon' | 'runtime' | 'mcp' | 'framework';

/** Variables that must all hold. A value: any of these words, `present` (never read), `identifier` (an id, readable). */
export interface EnvironmentMark {
  readonly variables: ReadonlyMap<string, readonly string[]>;
  /** The mark holds only in a process that has no terminal. */
  readonly withoutTerminal: boolean;
}

export interface UnsafeSetting {
  readonly file: string;
  /** Keys from the top, joined by dots. */
  readonly key: string;
  readonly values: readonly string[];
}

export interface Agent {
  readonly id: string;
  readonly name: string;
  readonly kind: AgentKind;
  /** File names that hardly anything else has. */
  readonly commands: readonly string[];
  /** File names that other programs have too. */
  readonly weakCommands: readonly string[];
  readonly modules: readonly string[];
  readonly paths: readonly string[];
  readonly weakPaths: readonly string[];
  readonly appPaths: readonly string[];
  /** "npm:name", "pypi:name", "extension:publisher.name", "go:module", "snap:name", "deb:name". */
  readonly packages: readonly string[];
  readonly verbs: readonly string[];
  readonly arguments: readonly string[];
  readonly environment: readonly EnvironmentMark[];
  readonly folders: readonly string[];
  readonly credentials: readonly string[];
  readonly secretEnvironment: readonly string[];
  readonly hosts: readonly string[];
  readonly ports: readonly number[];
  readonly unsafeArguments: readonly string[];
  readonly unsafeEnvironment: ReadonlyMap<string, readonly string[]>;
  readonly unsafeSettings: readonly UnsafeSetting[];
}

/** A file class with its globs; a path belongs to it when a glob matches and no "!" glob does. */
export interface FileGlobs {
  readonly globs: readonly string[];
  matches(path: string): boolean;
}

export interface Catalogue {
  /** In the order of precedence. */
  readonly agents: readonly Agent[];
  agent(id: string): Agent | undefined;
  /** The agent that a package is, by its id such as "npm:@openai/codex"; globs are not asked. */
  agentOfPackage(id: string): string | undefined;
  /** Files that hold an agent's credentials: which agent's, for a path. */
  credentialOwners(path: string): readonly string[];
  /** All credential files of all agents, as globs (`~/` is any home). */
  readonly agentCredentials: FileGlobs;
  readonly developerCredentials: FileGlobs;
  readonly guardFiles: FileGlobs;
  /** Globs of the host names whose callers are worth a look: they answer model requests, or are an agent's own. */
  readonly tellingHosts: readonly string[];
  isModelHost(host: string): boolean;
  /** Agents that are known to talk to a host. */
  agentsOfHost(host: string): readonly string[];
  readonly dropHosts: readonly string[];
  isDropHost(host: string): boolean;
  /** All switches that take an agent's guards away, by agent: arguments as they are written, environment as NAME=VALUE. */
  unsafeSwitches(): readonly {
    readonly agent: string;
    readonly arguments: readonly string[];
    readonly environment: readonly string[];
  }[];
}

export interface CatalogueParts {
  readonly agents: readonly Agent[];
  readonly modelHosts: readonly string[];
  readonly dropHosts: readonly string[];
  readonly developerCredentials: readonly string[];
  readonly guardFiles: readonly string[];
}

export function createCatalogue(parts: CatalogueParts): Catalogue {
  const byId = new Map(parts.agents.map((agent) => [agent.id, agent]));
  const isModelHost = hostMatcher(parts.modelHosts);
  const isDropHost = hostMatcher(parts.dropHosts);
  const hosts = parts.agents.flatMap((agent) =>
    agent.hosts.map((host) => ({ id: agent.id, matches: compileHost(host) })),
  );
  const credentials = parts.agents.flatMap((agent) =>
    agent.credentials.map((glob) => ({ id: agent.id, glob: compileGlob(glob) })),
  );
  return {
    agents: parts.agents,
    agent: (id) => byId.get(id),
    agentOfPackage: (id) => parts.agents.find(({ packages }) => packages.includes(id))?.id,
    credentialOwners: (path) => [
      ...new Set(credentials.filter(({ glob }) => glob.match(path) !== undefined).map(({ id }) => id)),
    ],
    agentCredentials: fileGlobs([...new Set(parts.agents.flatMap((agent) => agent.credentials))]),
    developerCredentials: fileGlobs(parts.developerCredentials),
    guardFiles: fileGlobs(parts.guardFiles),
    tellingHosts: [...new Set([...parts.modelHosts, ...parts.agents.flatMap((agent) => agent.hosts)])],
    isModelHost: (host) => isModelHost(plainHost(host)),
    agentsOfHost: (host) => [
      ...new Set(hosts.filter(({ matches }) => matches(plainHost(host))).map(({ id }) => id)),
    ],
    dropHosts: parts.dropHosts,
    isDropHost: (host) => isDropHost(plainHost(host)),
    unsafeSwitches: () =>
      parts.agents
        .filter((agent) => agent.unsafeArguments.length + agent.unsafeEnvironment.size > 0)
        .map((agent) => ({
          agent: agent.id,
          arguments: agent.unsafeArguments,
          environment: [...agent.unsafeEnvironment].flatMap(([name, values]) =>
            values.map((value) => `${name}=${value}`),
          ),
        })),
  };
}

/** DNS names end in a dot or not, and their case means nothing (RFC 4343). */
function plainHost(host: string): string {
  const lower = host.toLowerCase();
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}

function hostMatcher(sources: readonly string[]): (host: string) => boolean {
  const plain = new Set(sources.filter((source) => !source.includes('*')));
  const globs = sources.filter((source) => source.includes('*')).map(compileHost);
  return (host) => plain.has(host) || globs.some((matches) => matches(host));
}

function fileGlobs(globs: readonly string[]): FileGlobs {
  const inside = globs.filter((glob) => !glob.startsWith('!')).map(compileGlob);
  const outside = globs.filter((glob) => glob.startsWith('!')).map((glob) => compileGlob(glob.slice(1)));
  return {
    globs,
    matches: (path) =>
      inside.some((glob) => glob.match(path) !== undefined) &&
      !outside.some((glob) => glob.match(path) !== undefined),
  };
}
