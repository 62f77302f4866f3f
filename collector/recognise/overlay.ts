/** Lays the endpoint's own file over the catalogue. */

import { BadInput } from './bad-input.ts';
import { type Agent, type Catalogue, createCatalogue, type EnvironmentMark } from './catalogue.ts';
import type { YamlFile, YamlPath } from './checked-yaml.ts';
import { likelyWord } from './likely.ts';
import type { WrittenAgent, WrittenCatalogue } from './written-agent.ts';
import type { CatalogueText } from './written-catalogue.ts';

/** Agents a catalogue may hold. Each costs some 5 kB and nothing on the hot path; more is refused. */
const MAX_AGENTS = 1_000;

type Words = readonly string[];

/**
 * Lays `overlay` over `own`: lists grow, words replace, `without` takes away, `enabled: false` switches off.
 * Agents of the overlay come first in precedence: whoever wrote it knows this endpoint.
 *
 * @throws BadInput for what only the joined catalogue shows
 */
export function joinCatalogue(own: WrittenCatalogue, overlay?: CatalogueText): Catalogue {
  const problems: string[] = [];
  const joined = new Map<string, WrittenAgent>();
  const ownAgents = own.agents ?? {};
  const overlayAgents = overlay?.written.agents ?? {};
  for (const [id, agent] of Object.entries(overlayAgents)) {
    const base = ownAgents[id];
    if (!base && overlay) problems.push(...newAgentFaults(overlay.file, id, agent, Object.keys(ownAgents)));
    joined.set(
      id,
      layOver(base ?? {}, agent, (path, text) => {
        if (overlay) problems.push(overlay.file.problemAt(['agents', id, ...path], 'value', text));
      }),
    );
  }
  for (const [id, agent] of Object.entries(ownAgents)) if (!joined.has(id)) joined.set(id, agent);
  if (joined.size > MAX_AGENTS)
    problems.push(
      `${overlay?.file.name ?? 'agents.yml'}: ${joined.size} agents are more than ${MAX_AGENTS}; take some away`,
    );
  if (problems.length > 0) throw new BadInput(problems);

  const agents = [...joined]
    .filter(([, agent]) => agent.enabled !== false)
    .map(([id, agent]) => madeAgent(id, agent));
  const lists = (key: 'model_hosts' | 'drop_hosts' | 'developer_credentials' | 'guard_files') => [
    ...new Set([...(own[key] ?? []), ...(overlay?.written[key] ?? [])]),
  ];
  return createCatalogue({
    agents,
    modelHosts: lists('model_hosts'),
    dropHosts: lists('drop_hosts'),
    developerCredentials: lists('developer_credentials'),
    guardFiles: lists('guard_files'),
  });
}

/** A new agent needs a name and one thing that tells it from everything else. */
function newAgentFaults(file: YamlFile, id: string, agent: WrittenAgent, known: readonly string[]): string[] {
  const at = (text: string) => file.problemAt(['agents', id], 'key', `agents.${id}: ${text}`);
  if (agent.enabled === false) {
    const likely = likelyWord(id, known);
    return [
      at(`cannot be switched off, for no agent has this id${likely ? `; did you mean "${likely}"?` : ''}`),
    ];
  }
  const problems: string[] = [];
  if (!agent.name) {
    const likely = likelyWord(id, known);
    problems.push(
      at(`has no name; add "name: ..."${likely ? `, or did you mean the known agent "${likely}"?` : ''}`),
    );
  }
  const telling = [
    agent.commands,
    agent.weak_commands,
    agent.paths,
    agent.app_paths,
    agent.packages,
    agent.modules,
    agent.environment,
  ];
  if (!telling.some((list) => list && list.length > 0))
    problems.push(
      at('has nothing to be recognised by; add commands, paths, packages, modules or environment'),
    );
  return problems;
}

type Complain = (path: YamlPath, text: string) => void;

function layOver(base: WrittenAgent, over: WrittenAgent, complain: Complain): WrittenAgent {
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = result[key];
    if (key === 'without') continue;
    if (key === 'unsafe') result[key] = layUnsafe(base.unsafe ?? {}, over.unsafe ?? {});
    else if (Array.isArray(value) && Array.isArray(before)) result[key] = joinLists(value, before);
    else result[key] = value;
  }
  for (const [key, items] of Object.entries(over.without ?? {})) {
    const list = result[key];
    const have = Array.isArray(list) ? (list as (string | number)[]) : [];
    for (const [index, item] of items.entries()) {
      if (have.includes(item)) continue;
      const likely = likelyWord(String(item), have.map(String));
      const mend = likely ? `; did you mean "${likely}"?` : '; take the line out';
      complain(['without', key, index], `without.${key}: "${item}" is not there to take away${mend}`);
    }
    result[key] = have.filter((item) => !items.includes(item));
  }
  return result as WrittenAgent;
}

function layUnsafe(
  base: NonNullable<WrittenAgent['unsafe']>,
  over: NonNullable<WrittenAgent['unsafe']>,
): NonNullable<WrittenAgent['unsafe']> {
  return {
    arguments: [...new Set([...(base.arguments ?? []), ...(over.arguments ?? [])])],
    environment: { ...base.environment, ...over.environment },
    settings: [...(base.settings ?? []), ...(over.settings ?? [])],
  };
}

/** What the endpoint adds comes first: the first mark that holds names the agent. */
function joinLists(over: readonly unknown[], base: readonly unknown[]): unknown[] {
  const seen = new Set<string>();
  return [...over, ...base].filter((item) => {
    const text = JSON.stringify(item);
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
}

function madeAgent(id: string, written: WrittenAgent): Agent {
  return {
    id,
    name: written.name ?? id,
    kind: written.kind ?? 'cli',
    commands: written.commands ?? [],
    weakCommands: written.weak_commands ?? [],
    modules: written.modules ?? [],
    paths: written.paths ?? [],
    weakPaths: written.weak_paths ?? [],
    appPaths: written.app_paths ?? [],
    packages: written.packages ?? [],
    verbs: written.verbs ?? [],
    arguments: written.arguments ?? [],
    environment: (written.environment ?? []).map(madeMark),
    folders: written.folders ?? [],
    credentials: written.credentials ?? [],
    secretEnvironment: written.secret_environment ?? [],
    hosts: written.hosts ?? [],
    ports: written.ports ?? [],
    unsafeArguments: written.unsafe?.arguments ?? [],
    unsafeEnvironment: valuesByName(written.unsafe?.environment ?? {}),
    unsafeSettings: written.unsafe?.settings ?? [],
  };
}

function madeMark(mark: Readonly<Record<string, string | Words>>): EnvironmentMark {
  const { terminal, ...variables } = mark;
  return { variables: valuesByName(variables), withoutTerminal: terminal === 'none' };
}

function valuesByName(values: Readonly<Record<string, string | Words>>): ReadonlyMap<string, Words> {
  return new Map(
    Object.entries(values).map(([name, value]) => [name, typeof value === 'string' ? [value] : value]),
  );
}
