/** What is usual is learned from hours with work in them; what goes far beyond it is one finding. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Attributes, type Event, type EventName, SEVERITY } from '../event.ts';
import { newUid } from '../uid.ts';
import { createBaselines, MAX_PERIODS, MIN_DAYS, MIN_PERIODS } from './baseline.ts';
import { createDetect, type Detect } from './detect.ts';
import { loadRuleSet } from './load.ts';
import { builtinRules, readRuleFiles } from './pack.ts';
import { readPlaceholders } from './placeholder-file.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** A Monday, midnight UTC. */
const MONDAY_MS = Date.UTC(2026, 0, 5);

const rules = loadRuleSet(readRuleFiles(builtinRules()), readPlaceholders(builtinRules()));

function stage(): Detect {
  return createDetect({ rules, ruleset: 'spoor', product: 'linux' });
}

function event(timeMs: number, name: EventName, attributes: Attributes): Event {
  return {
    name,
    uid: newUid(timeMs),
    timeNs: BigInt(timeMs) * 1_000_000n,
    severity: SEVERITY.info,
    traceId: '',
    spanId: '',
    attributes: {
      'session.id': `session-${Math.floor(timeMs / DAY_MS)}`,
      'gen_ai.agent.name': 'codex',
      'gen_ai.agent.version': '0.169.0',
      'process.user.id': 1000,
      'process.user.name': 'ada',
      ...attributes,
    },
    seen: undefined,
  };
}

/** One hour of ordinary work: files read, a push, tokens, the usual hosts. `spread` makes hours differ. */
function hourOfWork(startMs: number, spread: number): Event[] {
  const at = (minute: number) => startMs + minute * 60_000;
  const send = (minute: number, host: string, bytes: number): Event[] => [
    event(at(minute), 'network.connect', { 'server.address': host, 'spoor.destination.type': 'code_host' }),
    event(at(minute), 'network.close', {
      'server.address': host,
      'spoor.destination.type': 'code_host',
      'source.bytes': bytes,
    }),
  ];
  return [
    ...[1, 9, 22, 40].map((minute) =>
      event(at(minute), 'file.close', {
        'file.path': '/home/ada/p/x',
        'spoor.file.bytes_read': 10e6 + 2e6 * spread,
      }),
    ),
    ...send(15, 'github.com', 1_500_000 + 100_000 * spread),
    ...send(30, 'packages.example', 20_000),
    event(at(16), 'network.close', {
      'server.address': 'api.openai.com',
      'spoor.destination.type': 'model_api',
      'source.bytes': 900_000_000,
    }),
    event(at(50), 'agent.usage', {
      'gen_ai.usage.input_tokens': 60_000 + 9_000 * spread,
      'gen_ai.usage.output_tokens': 5_000,
    }),
  ];
}

/** Eight hours of work on each of so many days from Monday on. */
function daysOfWork(days: number, firstDay = 0): Event[] {
  return Array.from({ length: days }, (_, day) =>
    Array.from({ length: 8 }, (_, hour) =>
      hourOfWork(MONDAY_MS + (firstDay + day) * DAY_MS + (9 + hour) * HOUR_MS, (day + hour) % 4),
    ).flat(),
  ).flat();
}

function findings(detect: Detect, events: readonly Event[]): Event[] {
  return events.flatMap((one) => detect([one])).filter(({ name }) => name === 'finding');
}

function titles(found: readonly Event[]): (string | undefined)[] {
  return found.map(({ attributes }) => attributes['security_rule.name']);
}

const NINTH_HOUR = MONDAY_MS + 7 * DAY_MS + 18 * HOUR_MS;
const FIXTURES: readonly (readonly [string, string, readonly Event[]])[] = [
  [
    'files read in large amounts',
    'An AI agent reads far more than it usually does',
    [100, 200, 300, 400].map((size, index) =>
      event(NINTH_HOUR + index * 60_000, 'file.close', { 'spoor.file.bytes_read': size * 1e6 }),
    ),
  ],
  [
    'a large upload to a usual host',
    'An AI agent sends far more than it usually does',
    [1, 2, 3].map((minute) =>
      event(NINTH_HOUR + minute * 60_000, 'network.close', {
        'server.address': 'github.com',
        'spoor.destination.type': 'code_host',
        'source.bytes': 18_000_000,
      }),
    ),
  ],
  [
    'tokens in a loop',
    'An AI agent uses far more model tokens than it usually does',
    Array.from({ length: 20 }, (_, minute) =>
      event(NINTH_HOUR + minute * 60_000, 'agent.usage', {
        'gen_ai.usage.input_tokens': 90_000,
        'gen_ai.usage.output_tokens': 2_000,
      }),
    ),
  ],
];

test('seven ordinary days and the day after them raise nothing', () => {
  const detect = stage();
  assert.deepEqual(titles(findings(detect, daysOfWork(8))), []);
});

for (const [what, title, unusual] of FIXTURES)
  test(`after seven ordinary days ${what} are one finding`, () => {
    const detect = stage();
    assert.deepEqual(titles(findings(detect, daysOfWork(7))), []);
    const found = findings(detect, unusual).filter(
      ({ attributes }) => attributes['security_rule.name'] === title,
    );
    assert.equal(found.length, 1);
    const [finding] = found;
    assert.equal(finding?.attributes['gen_ai.agent.version'], '0.169.0');
    const evidence = finding?.attributes['spoor.finding.evidence'] ?? [];
    assert.ok(
      unusual.some(({ uid }) => evidence.includes(uid)),
      'no event of the hour is named as evidence',
    );
  });

test('a new host and ten times the usual volume after seven stable days are exactly two findings', () => {
  const detect = stage();
  assert.deepEqual(titles(findings(detect, daysOfWork(7))), []);
  const found = findings(detect, [
    event(NINTH_HOUR, 'network.connect', {
      'server.address': 'drop.example.net',
      'spoor.destination.type': 'other',
    }),
    event(NINTH_HOUR + 1_000, 'network.connect', {
      'server.address': 'drop.example.net',
      'spoor.destination.type': 'other',
    }),
    event(NINTH_HOUR + 2_000, 'network.connect', {
      'server.address': 'api.github.com',
      'spoor.destination.type': 'code_host',
    }),
    event(NINTH_HOUR + 3_000, 'network.close', {
      'server.address': 'github.com',
      'spoor.destination.type': 'code_host',
      'source.bytes': 18_000_000,
    }),
    event(NINTH_HOUR + 4_000, 'network.close', {
      'server.address': 'github.com',
      'spoor.destination.type': 'code_host',
      'source.bytes': 18_000_000,
    }),
  ]);
  assert.deepEqual(titles(found), [
    'An AI agent reaches a host it never reached before',
    'An AI agent sends far more than it usually does',
  ]);
  assert.equal(found[0]?.attributes['server.address'], 'drop.example.net');
});

test('nothing is said before enough hours on enough days were learned', () => {
  const unusual = FIXTURES.flatMap(([, , events]) => events);
  const enough = stage();
  findings(enough, daysOfWork(MIN_DAYS));
  const told = titles(findings(enough, unusual)).filter((title) => FIXTURES.some(([, one]) => one === title));
  assert.equal(told.length, 3);
  const early = stage();
  findings(early, daysOfWork(MIN_DAYS - 1));
  const tooEarly = titles(findings(early, unusual)).filter((title) =>
    FIXTURES.some(([, one]) => one === title),
  );
  assert.deepEqual(tooEarly, []);
});

test('agents and users do not share what is usual', () => {
  const detect = stage();
  findings(detect, daysOfWork(7));
  const [, , unusual] = FIXTURES[0] ?? ['', '', []];
  const others = unusual.map((one) => ({
    ...one,
    attributes: { ...one.attributes, 'process.user.id': 1001 },
  }));
  assert.deepEqual(titles(findings(detect, others)), []);
});

test('what was learned goes on after a restart, the hour that runs included', () => {
  const [, title = '', unusual] = FIXTURES[0] ?? ['', '', []];
  const learned = stage();
  findings(learned, [...daysOfWork(7), ...unusual.slice(0, 1)]);
  const detect = stage();
  detect.restore(JSON.parse(JSON.stringify(learned.snapshot())) as ReturnType<Detect['snapshot']>);
  assert.deepEqual(titles(findings(detect, unusual.slice(1))), [title]);
  const again = stage();
  again.restore(detect.snapshot());
  assert.deepEqual(titles(findings(again, unusual)), [], 'told twice in one hour');
});

test('a new habit is told of for some hours and then known', () => {
  const detect = stage();
  findings(detect, daysOfWork(7));
  const told: number[] = [];
  for (let hour = 0; hour < 12; hour += 1) {
    const startMs = MONDAY_MS + 7 * DAY_MS + hour * HOUR_MS;
    const found = findings(detect, [event(startMs, 'file.close', { 'spoor.file.bytes_read': 1e9 })]);
    if (found.length > 0) told.push(hour);
  }
  assert.deepEqual(told, [0, 1, 2, 3, 4]);
});

test('what is remembered is bounded: hours, agents and hosts', () => {
  const baselines = createBaselines();
  for (let subject = 0; subject < 400; subject += 1)
    baselines.observe({
      subject: `agent ${subject}`,
      timeMs: MONDAY_MS,
      uid: '',
      measure: 'tokens',
      amount: 1,
    });
  for (let hour = 0; hour < 2 * MAX_PERIODS; hour += 1)
    for (let host = 0; host < 5; host += 1)
      baselines.observe({
        subject: 'agent 399',
        timeMs: MONDAY_MS + hour * HOUR_MS,
        uid: '',
        measure: 'destinations',
        amount: 0,
        destination: `host-${hour}-${host}.example`,
      });
  const { subjects } = baselines.snapshot();
  assert.equal(subjects.length, 256);
  assert.equal(subjects.at(-1)?.learned.destinations.length, MAX_PERIODS);
  assert.equal(subjects.at(-1)?.destinations.length, 512);
  assert.ok(MIN_PERIODS <= MAX_PERIODS);
});
