/**
 * `spoor run` beside a running service: it hands its session over, so that one sensor and one log serve both.
 *
 *   → {"ask": "watch", "pid": 4711, "agent": {"name": "codex", "version": "0.169.0"}}     the launcher, still waiting
 *   ← {"watching": true}                                                                  it is tagged: release it
 *   → {"ask": "ended", "exit_code": 0, "form": "text" | "json", "colour": true}
 *   ← {"report": "...", "remaining": 0, "log": "/var/lib/spoor/log"}
 *
 * When the connection ends without "ended", the session goes on as one that was recognised: it ends when it is empty.
 */

import { readFileSync } from 'node:fs';
import type { SessionTag } from '../../sensors/event.ts';
import { type Sensor, SensorError } from '../../sensors/sensor.ts';
import { reportJson } from '../cli/report-json.ts';
import { reportText } from '../cli/report-text.ts';
import { paint } from '../cli/terminal.ts';
import type { Pipeline } from '../pipeline.ts';
import { describePerson } from '../recognise/describe.ts';
import type { Person } from '../recognise/person/person.ts';
import type { Summary } from '../session/summary.ts';
import type { Answer } from './control.ts';
import { type Peer, Refused } from './entrance.ts';

/** Longest name or version of an agent that is taken over. */
const MAX_NAME_CHARACTERS = 128;

export interface WatchNeeds {
  readonly sensor: Pick<Sensor, 'members' | 'running' | 'tag'>;
  readonly pipeline: Pick<Pipeline, 'plan' | 'unplan' | 'flush' | 'sessionOf' | 'summary'>;
  readonly newTag: () => SessionTag;
  readonly personOf: (pid: number) => Person | undefined;
  /** Ends what is empty. @returns the summary of a session that has ended meanwhile */
  readonly look: () => Promise<void>;
  readonly endedSummary: (tag: SessionTag) => Summary | undefined;
  readonly logDirectory: string;
  /** Takes note of a session whose asker has gone: it may never have begun. */
  readonly unbegun: (tag: SessionTag) => Promise<void>;
}

export interface WatchRequest {
  watch(request: Readonly<Record<string, unknown>>): Answer;
  ended(request: Readonly<Record<string, unknown>>): Promise<Answer>;
  /** Who asked has gone. */
  left(): Promise<void>;
}

export function createWatchRequest(peer: Peer, needs: WatchNeeds): WatchRequest {
  let tag: SessionTag | undefined;
  let isReported = false;

  function watch(request: Readonly<Record<string, unknown>>): Answer {
    if (tag !== undefined) throw new Refused('this connection watches a session already');
    const { pid } = request;
    if (!Number.isSafeInteger(pid)) throw new Refused('"pid" must be the number of the process to watch');
    refuseUnlessOwn(pid as number, peer);
    refuseIfWatched(pid as number);
    const given = needs.newTag();
    const person = needs.personOf(pid as number);
    needs.pipeline.plan({
      tag: given,
      startedBy: 'run',
      agent: agentIn(request.agent),
      launcherPid: pid as number,
      ...(person && { about: describePerson(person) }),
    });
    try {
      needs.sensor.tag(pid as number, given);
    } catch (error) {
      needs.pipeline.unplan(given);
      if (error instanceof SensorError) throw new Refused(error.message);
      throw error;
    }
    tag = given;
    // The number may have become another's just before it was tagged. A refusal ends the connection: no report.
    refuseUnlessOwn(pid as number, peer);
    return { watching: true };
  }

  /** Who has an agent for a child must not give it another name, and so end its session. */
  function refuseIfWatched(pid: number): void {
    const found = needs.sensor.running().find(({ process }) => process.pid === pid);
    const session =
      found && (needs.pipeline.sessionOf(found.session) ?? needs.pipeline.sessionOf(found.around));
    if (session) throw new Refused(`process ${pid} is watched already, in session ${session.id}`);
  }

  async function ended(request: Readonly<Record<string, unknown>>): Promise<Answer> {
    if (tag === undefined) throw new Refused('this connection watches no session');
    if (isReported) throw new Refused('this connection has had its report');
    isReported = true;
    await needs.pipeline.flush();
    await needs.look();
    const session = needs.pipeline.sessionOf(tag);
    const summary = (session && needs.pipeline.summary(session)) ?? needs.endedSummary(tag);
    const form = request.form === 'json' ? 'json' : 'text';
    const colours = paint(request.colour === true ? 'colour' : 'plain');
    const report = summary && (form === 'json' ? reportJson(summary) : reportText(summary, colours));
    const remaining = session ? needs.sensor.members(session.tag).length : 0;
    return { report: report ?? null, remaining, log: needs.logDirectory };
  }

  return { watch, ended, left: () => (tag === undefined ? Promise.resolve() : needs.unbegun(tag)) };
}

/** Nobody may have a process of somebody else watched under a name of their choice, or read the report of one. */
function refuseUnlessOwn(pid: number, peer: Peer): void {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch (error) {
    throw new Refused(`there is no process ${pid} (${(error as NodeJS.ErrnoException).code})`);
  }
  const parent = Number(/^PPid:\s*(\d+)/m.exec(status)?.[1]);
  if (parent !== peer.pid) throw new Refused(`process ${pid} is no child of yours`);
  // Also when another process has the number of the one that connected.
  const users = /^Uid:\s*(.*)$/m.exec(status)?.[1]?.split(/\s+/) ?? [];
  if (peer.uid !== 0 && users.some((user) => Number(user) !== peer.uid))
    throw new Refused(`process ${pid} runs as another user`);
}

function agentIn(value: unknown): { name: string; version: string | undefined } {
  const { name, version } = (value ?? {}) as { name?: unknown; version?: unknown };
  if (typeof name !== 'string' || name === '' || name.length > MAX_NAME_CHARACTERS)
    throw new Refused(`"agent.name" must be a name of at most ${MAX_NAME_CHARACTERS} characters`);
  const isVersion = typeof version === 'string' && version.length <= MAX_NAME_CHARACTERS;
  return { name, version: isVersion ? version : undefined };
}
