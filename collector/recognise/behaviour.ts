/** What a process did after its exec, and what that says of it: candidates become agents, unknown programs candidates. */

import { posix } from 'node:path';
import type { Agent, Catalogue } from './catalogue.ts';
import { bandOf, type Evidence, evidence, scoreOf } from './evidence.ts';
import { interpreted, interpreterFamily, SHELLS } from './interpreter.ts';
import {
  type Behaviour,
  type ExecFacts,
  type Recognition,
  UNLISTED_AGENT,
  verdictOf,
} from './recognition.ts';

/** @returns the recognition after the behaviour, or undefined when it changes nothing */
export function reconsider(
  catalogue: Catalogue,
  exec: ExecFacts,
  before: Recognition | undefined,
  behaviour: Behaviour,
): Recognition | undefined {
  const agent = before && catalogue.agent(before.agent);
  const found = agent ? speaksFor(agent, catalogue, behaviour) : undefined;
  if (before && agent && found && !before.evidence.some(({ kind }) => kind === found.kind)) {
    const all = [...before.evidence, found];
    const score = scoreOf(all);
    const band = bandOf(score);
    return {
      ...before,
      evidence: all,
      score,
      band,
      verdict: before.verdict === 'app' ? 'app' : verdictOf(agent.kind, band),
    };
  }
  if (before && before.agent !== UNLISTED_AGENT) return undefined;
  if (!catalogue.isModelHost(behaviour.host)) return undefined;
  const kind = behaviour.kind === 'contacted' ? 'model_host' : 'asked_for_host';
  if (before?.evidence.some((known) => known.kind === kind)) return undefined;
  return unlisted(exec, [...(before?.evidence ?? ofCaller(exec)), evidence(kind, behaviour.host)]);
}

function ofCaller(exec: ExecFacts): Evidence[] {
  const caller = callerClass(exec.executable);
  return caller === 'program' ? [] : [evidence('used_by_people', caller)];
}

/** Named by its program: of an interpreter, the script. */
function unlisted(exec: ExecFacts, found: readonly Evidence[]): Recognition {
  const family = interpreterFamily(posix.basename(exec.executable));
  const run = family && interpreted(family, exec.args);
  const root = run?.kind === 'script' ? posix.resolve(exec.workingDirectory, run.value) : exec.executable;
  const score = scoreOf(found);
  return {
    agent: UNLISTED_AGENT,
    name: run?.kind === 'module' ? run.value : posix.basename(root),
    kind: 'framework',
    verdict: 'candidate',
    version: undefined,
    package: undefined,
    root,
    score,
    band: bandOf(score),
    evidence: found,
    unsafeSwitches: [],
  };
}

function speaksFor(agent: Agent, catalogue: Catalogue, behaviour: Behaviour): Evidence | undefined {
  switch (behaviour.kind) {
    case 'contacted': {
      const talkers = catalogue.agentsOfHost(behaviour.host);
      if (talkers.length === 1 && talkers[0] === agent.id) return evidence('own_host', behaviour.host);
      return talkers.includes(agent.id) || catalogue.isModelHost(behaviour.host)
        ? evidence('model_host', behaviour.host)
        : undefined;
    }
    case 'asked_for':
      return catalogue.agentsOfHost(behaviour.host).includes(agent.id) ||
        catalogue.isModelHost(behaviour.host)
        ? evidence('asked_for_host', behaviour.host)
        : undefined;
  }
}

const NETWORK_TOOLS: ReadonlySet<string> = new Set(
  'curl wget http https xh httpie nc ncat netcat socat openssl telnet ssh dig host nslookup resolvectl getent ping traceroute'.split(
    ' ',
  ),
);
const BROWSERS: ReadonlySet<string> = new Set(
  'firefox firefox-esr firefox-bin chrome chromium google-chrome brave brave-browser msedge microsoft-edge opera vivaldi vivaldi-bin epiphany'.split(
    ' ',
  ),
);

/** They ask for others. */
const RESOLVERS: ReadonlySet<string> = new Set(
  'systemd-resolved dnsmasq unbound named nscd dnscrypt-proxy coredns stubby pihole-FTL connmand'.split(' '),
);

/** Who calls a model host: what people use for it says less of an agent in hiding. */
export function callerClass(
  executable: string,
): 'network_tool' | 'browser' | 'shell' | 'resolver' | 'program' {
  const name = posix.basename(executable);
  if (NETWORK_TOOLS.has(name)) return 'network_tool';
  if (BROWSERS.has(name)) return 'browser';
  if (RESOLVERS.has(name)) return 'resolver';
  return SHELLS.has(name) ? 'shell' : 'program';
}
