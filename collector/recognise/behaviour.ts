/** What a process did after its exec, and what that says of it: candidates become agents, unknown programs candidates. */

import { posix } from 'node:path';
import type { Agent, Catalogue } from './catalogue.ts';
import { bandOf, type Evidence, evidence, scoreOf } from './evidence.ts';
import { SHELLS } from './interpreter.ts';
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
  const found = agent ? speaksFor(agent, catalogue, exec, behaviour) : undefined;
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
  if (before || behaviour.kind !== 'contacted' || !catalogue.isModelHost(behaviour.host)) return undefined;
  if (callerClass(exec) !== 'program') return undefined;
  const all = [evidence('model_host', behaviour.host)];
  const score = scoreOf(all);
  return {
    agent: UNLISTED_AGENT,
    name: posix.basename(exec.executable),
    kind: 'framework',
    verdict: 'candidate',
    version: undefined,
    package: undefined,
    root: exec.executable,
    score,
    band: bandOf(score),
    evidence: all,
    unsafeSwitches: [],
  };
}

function speaksFor(
  agent: Agent,
  catalogue: Catalogue,
  exec: ExecFacts,
  behaviour: Behaviour,
): Evidence | undefined {
  switch (behaviour.kind) {
    case 'opened': {
      const home = exec.home;
      const under = [...agent.folders, ...agent.credentials].find((place) => {
        const path = place.startsWith('~/') ? home && `${home}/${place.slice(2)}` : place;
        return path && (behaviour.path === path || behaviour.path.startsWith(`${path}/`));
      });
      return under === undefined ? undefined : evidence('state_opened', behaviour.path);
    }
    case 'contacted': {
      const talkers = catalogue.agentsOfHost(behaviour.host);
      if (talkers.length === 1 && talkers[0] === agent.id) return evidence('own_host', behaviour.host);
      return talkers.includes(agent.id) || catalogue.isModelHost(behaviour.host)
        ? evidence('model_host', behaviour.host)
        : undefined;
    }
    case 'listens':
      return agent.ports.includes(behaviour.port) ? evidence('port', String(behaviour.port)) : undefined;
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

/** Who calls a model host: a person's network tool or browser is not an agent in hiding. */
export function callerClass(exec: ExecFacts): 'network_tool' | 'browser' | 'shell' | 'program' {
  const name = posix.basename(exec.executable);
  if (NETWORK_TOOLS.has(name)) return 'network_tool';
  if (BROWSERS.has(name)) return 'browser';
  return SHELLS.has(name) ? 'shell' : 'program';
}
