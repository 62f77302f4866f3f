/**
 * What one session did, summed up from its events, live or read back from the log: the numbers of session.end and
 * the report for a person come from here, so they cannot differ.
 */

import { type Notable, notableUse, placeOf, WEIGHT } from './notable.ts';

/** Distinct files told apart, 100 B each, so 10 MB. Past it files are no longer counted as new: "at least". */
const MAX_FILES = 100_000;
/** Uses remembered. Past it a weightier one takes the place of a lighter, and what found none is counted. */
const MAX_NOTABLE = 200;
/** Lines of each list in the report. Past it what comes is counted only. */
const MAX_HOSTS = 200;
const MAX_PROGRAMS = 500;
const MAX_FINDINGS = 500;
const MAX_HANDOVERS = 200;
/** Processes remembered by name while they run, 200 B each. Past it the oldest is forgotten, and named by pid only. */
const MAX_RUNNING = 20_000;

/** errno of an open that somebody decided against. */
const REFUSALS = new Set(['EACCES', 'EPERM', 'EROFS']);

/** An event as it was sealed: by an Event's own name, or as the log gives it back. */
export interface ToldEvent {
  readonly eventName: string;
  readonly timeNs: bigint;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface NotableFile {
  /** Of one file; or, ending with "/", of a folder outside the working folder of which several were opened. */
  path: string;
  readonly why: Notable;
  readonly access: 'read' | 'write';
  readonly outcome: string;
  /** Programs that opened it, by name. */
  readonly programs: string[];
  opens: number;
}

export interface Host {
  readonly address: string;
  readonly port: number;
  readonly transport: string;
  readonly programs: string[];
  attempts: number;
  failures: number;
}

export interface FindingLine {
  readonly timeNs: bigint;
  readonly title: string;
  readonly level: string;
  readonly program: string;
  readonly commandLine: readonly string[];
}

/** Programs outside the session's tree that went on with its work, or may have. */
export interface HandoverLine {
  readonly way: string;
  readonly basis: string;
  readonly program: string;
  /** The last one's. */
  evidence: string;
  count: number;
}

export interface GapLine {
  readonly event: string;
  readonly cause: string;
  count: bigint;
}

export interface Running {
  readonly pid: number;
  readonly program: string;
  readonly commandLine: readonly string[];
}

export interface Summary {
  readonly sessionId: string;
  readonly agentName: string;
  readonly agentVersion: string | undefined;
  readonly commandLine: readonly string[];
  readonly workingDirectory: string;
  readonly userName: string;
  readonly startNs: bigint;
  /** Undefined while the session has not ended, or its end was not recorded. */
  readonly endNs: bigint | undefined;
  readonly exitCode: number | undefined;
  readonly endReason: string | undefined;
  readonly events: number;
  /** Programs run: execs. */
  readonly processes: number;
  readonly programs: ReadonlyMap<string, number>;
  readonly filesRead: number;
  readonly filesWritten: number;
  /** at_least: there were more distinct files than are told apart. */
  readonly filesCounted: 'all' | 'at_least';
  readonly filesRefused: number;
  readonly notable: readonly NotableFile[];
  /** Notable uses that found no room in the list. */
  readonly notableLeftOut: number;
  readonly connections: number;
  readonly hosts: readonly Host[];
  readonly handovers: number;
  readonly handoverLines: readonly HandoverLine[];
  readonly findings: number;
  readonly findingLines: readonly FindingLine[];
  /** Events lost while the session ran, of this session or not. */
  readonly lost: bigint;
  readonly gaps: readonly GapLine[];
  /** Families of hooks that were blind for a time meanwhile. */
  readonly blind: readonly string[];
  readonly remaining: readonly Running[];
}

export interface Summing {
  /** Events of other sessions are passed over; gaps and blindness belong to whoever ran meanwhile. */
  add(event: ToldEvent): void;
  summary(): Summary;
}

export function createSummary(sessionId: string): Summing {
  let start: ToldEvent | undefined;
  let end: ToldEvent | undefined;
  let firstNs: bigint | undefined;
  let events = 0;
  let processes = 0;
  let filesRefused = 0;
  let connections = 0;
  let handovers = 0;
  let findings = 0;
  let lost = 0n;
  let notableLeftOut = 0;
  const programs = new Map<string, number>();
  const filesRead = new Set<string>();
  const filesWritten = new Set<string>();
  const notable = new Map<string, NotableFile>();
  const hosts = new Map<string, Host>();
  const handoverLines = new Map<string, HandoverLine>();
  const findingLines: FindingLine[] = [];
  const gaps = new Map<string, GapLine>();
  const blind = new Set<string>();
  const running = new Map<string, Running>();

  function add(event: ToldEvent): void {
    const { attributes } = event;
    if (event.eventName === 'sensor.gap') onGap(attributes);
    for (const family of list(attributes['spoor.health.blind'])) blind.add(family);
    if (attributes['session.id'] !== sessionId) return;
    events += 1;
    firstNs ??= event.timeNs;
    switch (event.eventName) {
      case 'session.start':
        start = event;
        break;
      case 'session.end':
        end = event;
        break;
      case 'process.exec':
        onExec(attributes);
        break;
      case 'process.exit':
        running.delete(text(attributes['process.entity_id']));
        break;
      case 'file.open':
        onOpen(attributes);
        break;
      case 'network.connect':
        onConnect(attributes);
        break;
      case 'session.handover':
        onHandover(attributes);
        break;
      case 'finding':
        onFinding(event);
        break;
    }
  }

  function onGap(attributes: ToldEvent['attributes']): void {
    const event = text(attributes['spoor.gap.event']);
    const cause = text(attributes['spoor.gap.cause']);
    const count = BigInt(Number(attributes['spoor.gap.count'] ?? 0));
    lost += count;
    const line = gaps.get(`${event} ${cause}`);
    if (line) line.count += count;
    else gaps.set(`${event} ${cause}`, { event, cause, count });
  }

  function onExec(attributes: ToldEvent['attributes']): void {
    processes += 1;
    const name = programOf(attributes);
    if (programs.size < MAX_PROGRAMS || programs.has(name)) programs.set(name, (programs.get(name) ?? 0) + 1);
    const pid = Number(attributes['process.pid'] ?? 0);
    const commandLine = list(attributes['process.command_args']);
    running.set(text(attributes['process.entity_id']), { pid, program: name, commandLine });
    if (running.size > MAX_RUNNING)
      for (const oldest of [...running.keys()].slice(0, 1)) running.delete(oldest);
  }

  function onOpen(attributes: ToldEvent['attributes']): void {
    const succeeded = attributes['event.outcome'] !== 'failure';
    const error = text(attributes['error.type']);
    // Looking for what is not there is every program's habit; being refused is not.
    if (!succeeded && !REFUSALS.has(error)) return;
    if (!succeeded) filesRefused += 1;
    const type = attributes['spoor.file.type'];
    if (succeeded && type !== 'regular') return;
    const access = text(attributes['spoor.file.access']);
    const identity = `${text(attributes['spoor.file.device'])} ${text(attributes['file.inode'])}`;
    const reads = access === 'read' || access === 'read_write';
    const writes = access === 'write' || access === 'read_write';
    if (succeeded && reads && filesRead.size < MAX_FILES) filesRead.add(identity);
    if (succeeded && writes && filesWritten.size < MAX_FILES) filesWritten.add(identity);
    tellIfNotable(attributes, writes ? 'write' : 'read', succeeded ? 'success' : error);
  }

  function tellIfNotable(
    attributes: ToldEvent['attributes'],
    access: 'read' | 'write',
    outcome: string,
  ): void {
    const path = text(attributes['file.path']);
    const workingDirectory = text(start?.attributes['process.working_directory']) || '/';
    const why = notableUse({ path, access, workingDirectory });
    if (!why) return;
    const place = why === 'outside the working folder' ? placeOf(path) : path;
    const key = `${access} ${outcome} ${place}`;
    const known = notable.get(key);
    if (known) {
      if (known.path !== path) known.path = place;
      known.opens += 1;
      addName(known.programs, programOf(attributes));
    } else if (notable.size < MAX_NOTABLE || makeRoomFor(why)) {
      notable.set(key, { path, why, access, outcome, programs: [programOf(attributes)], opens: 1 });
    } else {
      notableLeftOut += 1;
    }
  }

  /** A thousand files in passing must not hide the one with the keys. @returns whether something lighter was let go */
  function makeRoomFor(why: Notable): boolean {
    const lighter = [...notable].findLast(([, file]) => WEIGHT[file.why] > WEIGHT[why]);
    if (!lighter) return false;
    const [key, file] = lighter;
    notable.delete(key);
    notableLeftOut += file.opens;
    return true;
  }

  function onConnect(attributes: ToldEvent['attributes']): void {
    connections += 1;
    const address = text(attributes['network.peer.address']);
    const port = Number(attributes['network.peer.port'] ?? 0);
    const transport = text(attributes['network.transport']);
    const key = `${transport} ${address} ${port}`;
    let host = hosts.get(key);
    if (!host) {
      if (hosts.size >= MAX_HOSTS) return;
      host = { address, port, transport, programs: [], attempts: 0, failures: 0 };
      hosts.set(key, host);
    }
    host.attempts += 1;
    if (attributes['event.outcome'] === 'failure') host.failures += 1;
    addName(host.programs, programOf(attributes));
  }

  function onHandover(attributes: ToldEvent['attributes']): void {
    handovers += 1;
    const way = text(attributes['spoor.handover.way']);
    const basis = text(attributes['spoor.session.basis']);
    const path = text(attributes['spoor.target.executable']);
    const program = path.slice(path.lastIndexOf('/') + 1);
    const evidence = text(attributes['spoor.session.evidence']);
    const key = `${way} ${basis} ${program}`;
    const line = handoverLines.get(key);
    if (line) {
      line.count += 1;
      line.evidence = evidence;
    } else if (handoverLines.size < MAX_HANDOVERS) {
      handoverLines.set(key, { way, basis, program, evidence, count: 1 });
    }
  }

  function onFinding(event: ToldEvent): void {
    findings += 1;
    if (findingLines.length >= MAX_FINDINGS) return;
    const { attributes } = event;
    findingLines.push({
      timeNs: event.timeNs,
      title: text(attributes['security_rule.name']),
      level: text(attributes['spoor.finding.level']),
      program: programOf(attributes),
      commandLine: list(attributes['process.command_args']),
    });
  }

  function remainingAt(pids: readonly unknown[]): Running[] {
    const byPid = new Map([...running.values()].map((process) => [process.pid, process]));
    return pids.map((pid) => byPid.get(Number(pid)) ?? { pid: Number(pid), program: '', commandLine: [] });
  }

  return {
    add,
    summary() {
      const about = (start ?? end)?.attributes ?? {};
      const pids = end?.attributes['spoor.session.remaining_pids'];
      return {
        sessionId,
        agentName: text(about['gen_ai.agent.name']),
        agentVersion:
          about['gen_ai.agent.version'] === undefined ? undefined : text(about['gen_ai.agent.version']),
        commandLine: list(start?.attributes['process.command_args']),
        workingDirectory: text(start?.attributes['process.working_directory']),
        userName: text(about['process.user.name']) || text(about['process.user.id']),
        startNs: start?.timeNs ?? firstNs ?? 0n,
        endNs: end?.timeNs,
        exitCode:
          end?.attributes['process.exit.code'] === undefined
            ? undefined
            : Number(end.attributes['process.exit.code']),
        endReason: end === undefined ? undefined : text(end.attributes['spoor.session.end_reason']),
        events,
        processes,
        programs,
        filesRead: filesRead.size,
        filesWritten: filesWritten.size,
        filesCounted: filesRead.size < MAX_FILES && filesWritten.size < MAX_FILES ? 'all' : 'at_least',
        filesRefused,
        notable: [...notable.values()],
        notableLeftOut,
        connections,
        hosts: [...hosts.values()],
        handovers,
        handoverLines: [...handoverLines.values()],
        findings,
        findingLines,
        lost,
        gaps: [...gaps.values()],
        blind: [
          ...blind,
          ...list(end?.attributes['spoor.session.blind']).filter((family) => !blind.has(family)),
        ],
        remaining: Array.isArray(pids) ? remainingAt(pids) : [],
      };
    },
  };
}

function programOf(attributes: ToldEvent['attributes']): string {
  return text(attributes['process.executable.name']);
}

function addName(names: string[], name: string): void {
  if (!names.includes(name)) names.push(name);
}

function text(value: unknown): string {
  return value === undefined ? '' : String(value);
}

function list(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
