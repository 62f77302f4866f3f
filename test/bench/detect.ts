/**
 * What rules cost on one core: events a second on recorded work and on recorded attacks, for few rules and for many,
 * with the index and without; loading; correlations with full state; the dearest hostile event.
 *
 *   node dist/test/bench/detect.js [EVENTS.jsonl ATTACKS.jsonl]     as `spoor events --json` prints them; recorded by
 *                                                                   itself when left out
 *   node dist/test/bench/detect.js --load FOLDER                    loads rules and says what that cost
 *   node dist/test/bench/detect.js --hostile SET [FOLDER]           the dearest event of a set of rules
 */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createCorrelator } from '../../collector/detect/correlate.ts';
import { createDetect } from '../../collector/detect/detect.ts';
import { createEngine, type Engine } from '../../collector/detect/engine.ts';
import { createEventViews } from '../../collector/detect/event-source.ts';
import { parseEvent } from '../../collector/detect/json-event.ts';
import { loadRuleSet } from '../../collector/detect/load.ts';
import { builtinRules, ruleFilesAt } from '../../collector/detect/pack.ts';
import { readPlaceholders } from '../../collector/detect/placeholder-file.ts';
import { routedViews } from '../../collector/detect/routed-views.ts';
import type { DetectionRule } from '../../collector/detect/rule.ts';
import { View } from '../../collector/detect/view.ts';
import type { Event } from '../../collector/event.ts';
import { SPOOR } from '../checkout.ts';
import { type Dearest, dearestEvent } from './hostile.ts';
import { recordAttacks, recordWork } from './recorded-work.ts';
import { archiveOfOthers, unpackedFolder } from './sigmahq.ts';

/** CPU of each measurement at least; the first passes, in which code is compiled, are not counted. */
const MEASURE_MS = 400;
/** Of a recording, so that a pass without index over thousands of rules ends. */
const MAX_EVENTS = 8_000;
const GROUPS = 100_000;
const MOST_LOOKED_AT: readonly string[] = ['process_creation', 'file_event'];
/** The lowest of so many processes counts: what else the machine did is in each. */
const HOSTILE_PROCESSES = 3;
const MATCHES = 1_000_000;

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function eventsPerSecond(
  events: readonly Event[],
  engine: Engine,
  how: 'match' | 'matchPlainly' = 'match',
): number {
  const views = routedViews(engine, createEventViews(engine.fields, 'linux'));
  const view = new View();
  const pass = () => {
    for (const event of events)
      for (const { eventView, route } of views.get(event.name) ?? [])
        if (eventView.shows(event)) {
          view.show(eventView.of(event));
          engine[how](view, route);
        }
  };
  pass();
  if (how === 'match') pass();
  const start = cpuMs();
  let count = 0;
  while (cpuMs() - start < MEASURE_MS) {
    pass();
    count += events.length;
  }
  return Math.round((count / (cpuMs() - start)) * 1000);
}

interface Loaded {
  readonly rules: number;
  readonly readMs: number;
  /** Made ready for the events of this host. */
  readonly preparedMs: number;
  readonly rssMb: number;
}

/** In a process of its own, so that nothing else is in its memory. */
function loadAlone(folder: string): Loaded {
  const printed = execFileSync(process.execPath, [fileURLToPath(import.meta.url), '--load', folder]);
  return JSON.parse(printed.toString('utf8')) as Loaded;
}

function load(folder: string): void {
  const start = cpuMs();
  const rules = loadRuleSet(ruleFilesAt(folder), readPlaceholders(folder));
  const readMs = cpuMs() - start;
  const stage = createDetect({ rules, ruleset: 'bench', product: 'linux' });
  for (const steps = stage.prepare(); !steps.next().done; );
  const loaded: Loaded = {
    rules: rules.detections.length,
    readMs: Math.round(readMs),
    preparedMs: Math.round(cpuMs() - start - readMs),
    rssMb: Math.round(process.memoryUsage().rss / 1e6),
  };
  process.stdout.write(`${JSON.stringify(loaded)}\n`);
}

type SetName = 'own' | 'linux' | 'tenth' | 'all';

const SETS: Readonly<Record<SetName, string>> = {
  own: 'that come with Spoor',
  linux: 'for Linux, of SigmaHQ',
  tenth: 'every tenth of SigmaHQ',
  all: 'all of SigmaHQ',
};

/** @param folder of SigmaHQ's rules, undefined where their archive is not there */
function rulesOf(name: SetName, folder: string | undefined): readonly DetectionRule[] {
  if (name === 'own')
    return loadRuleSet(ruleFilesAt(builtinRules()), readPlaceholders(builtinRules())).detections;
  const others = folder === undefined ? [] : loadRuleSet(ruleFilesAt(folder)).detections;
  if (name === 'linux') return others.filter(({ logsource }) => logsource.product === 'linux');
  return name === 'tenth' ? others.filter((_, index) => index % 10 === 0) : others;
}

/** In processes of their own: what is dear at first is so only once in each. */
function dearestAlone(name: SetName, folder: string | undefined): Dearest {
  const self = fileURLToPath(import.meta.url);
  const command = [self, '--hostile', name, ...(folder === undefined ? [] : [folder])];
  const found = Array.from(
    { length: HOSTILE_PROCESSES },
    () => JSON.parse(execFileSync(process.execPath, command).toString('utf8')) as Dearest,
  );
  const [one] = found;
  if (!one) throw new Error('no process was started');
  return {
    ...one,
    ms: Math.min(...found.map(({ ms }) => ms)),
    firstMs: Math.min(...found.map(({ firstMs }) => firstMs)),
  };
}

/** Programs and files are what most rules look at; all log sources of all rules would take half an hour. */
function hostile(name: SetName, folder: string | undefined): void {
  const dearest = dearestEvent(rulesOf(name, folder), ({ category }) =>
    MOST_LOOKED_AT.includes(category ?? ''),
  );
  process.stdout.write(`${JSON.stringify(dearest)}\n`);
}

/** Matches a second of one correlation with all its groups alive: each group is touched in turn. */
export function correlatedPerSecond(): number {
  const rules = loadRuleSet([
    {
      file: 'bench.yml',
      text: `title: a
name: a
logsource: {}
detection: { s: { E: a }, condition: s }
---
title: C
correlation:
    type: event_count
    rules: [a]
    group-by: [session.id]
    timespan: 1h
    condition: { gte: 1000 }
`,
    },
  ]);
  const [rule] = rules.detections;
  if (!rule) throw new Error('the rules of this measurement were refused');
  const correlator = createCorrelator(rules.correlations);
  let group = 0;
  const read = () => `session-${group}`;
  const feed = (count: number, fromMs: number) => {
    for (let match = 0; match < count; match += 1) {
      group = match % GROUPS;
      correlator.feed([{ rule, read }], fromMs + match / 1_000, 'uid');
    }
  };
  feed(GROUPS, 0);
  const start = cpuMs();
  feed(MATCHES, 1_000);
  const perSecond = Math.round((MATCHES / (cpuMs() - start)) * 1000);
  if (correlator.counts().groups !== GROUPS) throw new Error('not all groups were alive');
  return perSecond;
}

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}

/** The tables, as Markdown. Rules of SigmaHQ are measured where their archive lies beside the project. */
export function detectTables(work: readonly Event[], attacks: readonly Event[]): string {
  const life: (() => void)[] = [];
  const folder =
    archiveOfOthers() && unpackedFolder(archiveOfOthers() ?? '', { after: (done) => life.push(done) });
  const rows = (Object.keys(SETS) as SetName[]).flatMap((name) => {
    const rules = rulesOf(name, folder);
    if (rules.length === 0) return [];
    const engine = createEngine(rules);
    const [indexed, plain] = [eventsPerSecond(work, engine), eventsPerSecond(work, engine, 'matchPlainly')];
    const attacked = eventsPerSecond(attacks, engine);
    const dearest = dearestAlone(name, folder);
    return `| ${rules.length} ${SETS[name]} | ${grouped(indexed)} | ${grouped(attacked)} | ${grouped(plain)} | ${dearest.firstMs.toFixed(1)} ms, ${dearest.ms.toFixed(1)} ms, ${grouped(dearest.work)} |`;
  });
  const loads = [builtinRules(), ...(folder === undefined ? [] : [folder])].map((path) => {
    const { rules, readMs, preparedMs, rssMb } = loadAlone(path);
    return `| ${rules} | ${(readMs / 1000).toFixed(2)} s | ${(preparedMs / 1000).toFixed(2)} s | ${rssMb} MB |`;
  });
  for (const end of life) end();
  return [
    `| rules | events/s at work (${grouped(work.length)} events) | events/s under attack (${grouped(attacks.length)}) | without index, at work | dearest hostile event: CPU when first of its kind, CPU later, characters gone through |`,
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
    '| rules read from YAML | CPU | CPU to prepare for the events of this host | resident |',
    '| --- | --- | --- | --- |',
    ...loads,
    '',
    `Correlation: ${grouped(correlatedPerSecond())} matched events/s with ${grouped(GROUPS)} groups alive.`,
  ].join('\n');
}

export function eventsOf(file: string): Event[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line, index) => (line === '' ? [] : [parseEvent(file, index + 1, line).own]))
    .filter((event) => event !== undefined)
    .slice(0, MAX_EVENTS);
}

/** The events of a state folder's log. */
export function eventsIn(state: string): Event[] {
  const printed = execFileSync(SPOOR, ['events', '--state', state, '--json'], { maxBuffer: 2 ** 31 });
  return printed
    .toString('utf8')
    .split('\n')
    .flatMap((line, index) => (line === '' ? [] : [parseEvent(state, index + 1, line).own]))
    .filter((event) => event !== undefined)
    .slice(0, MAX_EVENTS);
}

async function main(): Promise<void> {
  const [first, second, third] = process.argv.slice(2);
  if (first === '--load' && second !== undefined) return load(second);
  if (first === '--hostile' && second !== undefined) return hostile(second as SetName, third);
  const work = first === undefined ? eventsIn(await recordWork()) : eventsOf(first);
  const attacks = second === undefined ? eventsIn(await recordAttacks()) : eventsOf(second);
  console.log(detectTables(work, attacks));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
