/** The recordings of real agents beside this file: fit to be handed on, and true to what they were made of. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { createClassify } from '../../collector/detect/classify.ts';
import { createDetect } from '../../collector/detect/detect.ts';
import { loadRuleSet } from '../../collector/detect/load.ts';
import { builtinRules, readRuleFiles } from '../../collector/detect/pack.ts';
import { readPlaceholders } from '../../collector/detect/placeholder-file.ts';
import { ownCatalogue } from '../../collector/recognise/catalogue-file.ts';
import { plant, type Tree } from '../../collector/recognise/planted.ts';
import { createProcessFiles } from '../../collector/recognise/process-files.ts';
import { createRecogniser } from '../../collector/recognise/recognise.ts';
import type { Recognition } from '../../collector/recognise/recognition.ts';
import { sessionFor } from '../../collector/recognise/session.ts';
import { recordedEvents } from '../../collector/recorded.ts';
import type { ProcessExec, SensorEvent } from '../../sensors/event.ts';
import { eventLine } from '../../sensors/replay/events.ts';
import { recordTo } from '../../sensors/replay/record.ts';
import { openReplaySensor, readRecording } from '../../sensors/replay/replay.ts';
import { emptyFolder } from '../at-end.ts';
import { CHECKOUT } from '../checkout.ts';
import { spoor } from '../system/spoor.ts';

const FOLDER = join(CHECKOUT, 'test/recordings');
/** A clone with all of them stays quick; the largest is two thirds of this. */
const MAX_PACKED_BYTES = 300_000;

/** What the recorder set up, and what every Debian has. A path that begins otherwise is of the machine it ran on. */
const PLACES =
  /^\/(?:$|(?:bin|boot|dev|etc|lib|lib64|opt|proc|run|sbin|sys|tmp|usr|var)(?:\/|$)|home(?:$|\/(?:$|dev(?:$|\/))))/;
/** Begin like paths: what Bun keeps inside its executables, a place of other systems, a URL's path, a sed expression. */
const NO_PATHS = /^\/(?:\$bunfs\/|System\/Library\/|hub$|\^\$\/d$)/;
/** Loopback, and RFC 5737's address that stands for the name server. */
const ADDRESSES = new Set(['127.0.0.1', '::1', '192.0.2.53', '0.0.0.0', '::', '']);
/** Names that only container hosts, sandboxes and CI machines put into their control groups. */
const CONTROL_GROUP =
  /\/sys\/fs\/cgroup\/(?:[a-z_,]+\/)*(?!(?:memory|cpu|cpuset|cgroup|pids|io|max)\b)\w+[\w-]*\/\w/;

const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.jsonl.gz'));
const RULES = loadRuleSet(readRuleFiles(builtinRules()), readPlaceholders(builtinRules()));

function nameOf(file: string): string {
  return file.replace('.jsonl.gz', '');
}

/** Every text in an event: paths, arguments, addresses. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Buffer.isBuffer(value)) return [value.toString('utf8')];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}

function execsIn(events: readonly SensorEvent[]): ProcessExec[] {
  return events.filter((event): event is ProcessExec => event.kind === 'process.exec');
}

test('there is a recording of each real agent that the tests run', () => {
  assert.deepEqual(FILES.map(nameOf), [
    'cline',
    'codex',
    'copilot-cli',
    'gemini-cli',
    'opencode',
    'qwen-code',
  ]);
});

for (const file of FILES) {
  const path = join(FOLDER, file);

  test(`${file} is small, and no path, address or argument in it is of the machine it was made on`, () => {
    assert.ok(statSync(path).size < MAX_PACKED_BYTES);
    const { head, events } = readRecording(path);
    assert.equal(head.facts.bootId, '00000000-0000-0000-0000-000000000000');
    assert.ok(events.length > 1_000);
    const texts = new Set(events.flatMap(textsIn));
    const foreign = [...texts].filter(
      (text) =>
        (text.startsWith('/') && !PLACES.test(text) && !NO_PATHS.test(text)) || CONTROL_GROUP.test(text),
    );
    assert.deepEqual(foreign, []);
    const whole = gunzipSync(readFileSync(path)).toString('utf8');
    assert.deepEqual(whole.match(/\/work\/|(?<!\$bunfs)\/root\b|spoor|planted|bearer/g) ?? [], []);
    const addresses = events.flatMap((event) =>
      'peer' in event && 'local' in event ? [event.peer.address, event.local.address] : [],
    );
    assert.deepEqual(
      [...new Set(addresses)].filter((address) => !ADDRESSES.has(address)),
      [],
    );
  });

  test(`${file} replayed and recorded again is the same, line by line`, async (t) => {
    const again = join(emptyFolder(t), 'again.jsonl');
    const sensor = recordTo(again, openReplaySensor(path));
    const seen: string[] = [];
    sensor.start((batch) => {
      for (const event of batch) seen.push(eventLine(event));
    });
    await sensor.stop();
    const [, ...lines] = gunzipSync(readFileSync(path)).toString('utf8').trimEnd().split('\n');
    assert.deepEqual(seen, lines);
    assert.deepEqual(readFileSync(again, 'utf8').trimEnd().split('\n').slice(1), lines);
  });

  test(`${file}: its execs alone tell the recogniser which agent it is, in which version, and that it is one session`, (t) => {
    const { head, events } = readRecording(path);
    const tree = JSON.parse(readFileSync(join(FOLDER, `${nameOf(file)}.tree.json`), 'utf8')) as Tree;
    const files = createProcessFiles(plant(t, tree));
    const recogniser = createRecogniser({ catalogue: ownCatalogue(), files: () => files });
    const images = new Map<number, Recognition | undefined>();
    let session: { id: string; agent: string } | undefined;
    const begun: Recognition[] = [];
    for (const event of events) {
      if (event.kind === 'process.fork') images.set(event.process.pid, images.get(event.creator.pid));
      if (event.kind !== 'process.exec') continue;
      const { pid } = event.process;
      const recognition = recogniser.recognise({
        pid,
        executable: event.executable.toString(),
        calledPath: event.calledPath.toString(),
        args: event.args.map(String),
        workingDirectory: event.workingDirectory.toString(),
        home: '/home/dev',
      });
      const decision = sessionFor(session, recognition, { recognition: images.get(pid) });
      images.set(pid, recognition);
      if (decision.kind !== 'new' && decision.kind !== 'nested') continue;
      assert.ok(recognition);
      begun.push(recognition);
      session ??= { id: String(pid), agent: recognition.agent };
    }
    assert.deepEqual(
      begun.map(({ agent, version, verdict }) => ({ agent, version, verdict })),
      [{ agent: head.agent?.name, version: head.agent?.version, verdict: 'agent' }],
    );
    assert.equal(head.agent?.name, nameOf(file));
  });

  test(`${file} holds the work that the agent was told to do, by its programs and files`, () => {
    const { events } = readRecording(path);
    const ran = new Set(execsIn(events).map(({ executable }) => executable.toString()));
    for (const program of ['/usr/bin/make', '/usr/bin/git', '/home/dev/tally/tally-test'])
      assert.ok(ran.has(program), `${program} was not run`);
    const wrote = events.some(
      (event) =>
        event.kind === 'file.open' &&
        event.path.toString() === '/home/dev/tally/tally.c' &&
        event.access !== 'read' &&
        event.errno === 0,
    );
    assert.ok(wrote, 'nobody wrote tally.c');
  });
}

test('of all recordings, the theft in that of Codex alone is found by the rules', () => {
  const thieves = FILES.filter((file) => {
    const detect = createDetect({
      rules: RULES,
      ruleset: 'spoor',
      product: 'linux',
      classify: createClassify(ownCatalogue()),
    });
    const found = recordedEvents(join(FOLDER, file))
      .flatMap((event) => detect([event]))
      .map(({ attributes }) => attributes['security_rule.name']);
    return found.includes('Credential opened, then a network utility started');
  });
  assert.deepEqual(thieves, ['codex.jsonl.gz']);
});

test('the test of a rule may name a recording, and says which event fired', async (t) => {
  const folder = emptyFolder(t);
  writeFileSync(
    join(folder, 'make.yml'),
    `title: Make was run
name: make
logsource: { category: process_creation, product: linux }
detection:
    make: { Image|endswith: /make }
    condition: make
level: low
`,
  );
  const testing = (file: string, expect: string) => {
    const recording = join(FOLDER, file);
    const text = `tests:\n    - { name: ${file}, recording: ${recording}, expect: ${expect} }\n`;
    writeFileSync(join(folder, 'make.test.yml'), text);
    return spoor(['rules', 'test', folder]);
  };
  assert.equal((await testing('gemini-cli.jsonl.gz', '[make]')).code, 0);
  const { code, stdout } = await testing('gemini-cli.jsonl.gz', 'none');
  assert.equal(code, 1);
  assert.match(stdout.toString(), /"make" \(Make was run\) fired on event \d+/);
});
