import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { BadInput } from '../recognise/bad-input.ts';
import {
  changesThatWait,
  configurationIn,
  defaultConfiguration,
  readConfiguration,
} from './configuration.ts';
import { readNamedFiles } from './named-files.ts';

/** What is said of a text, line by line. */
function problemsOf(text: string): readonly string[] {
  try {
    configurationIn('spoor.yml', text);
  } catch (error) {
    assert.ok(error instanceof BadInput);
    return error.problems;
  }
  return [];
}

function folder(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'service-configuration-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

test('no file is needed: every key has a default', () => {
  assert.deepEqual(defaultConfiguration(), {
    state: '/var/lib/spoor',
    runtime: '/run/spoor',
    logLevel: 'info',
    recognise: { enabled: true, agents: undefined, people: undefined },
    rules: { builtin: true, paths: [] },
    hash: { maxFileBytes: 67_108_864, maxExecutableBytes: 536_870_912 },
    sensor: { ringBytes: 4_194_304, keep: '/sys/fs/bpf/spoor' },
    protect: 'refuse',
    ship: [],
    metrics: { intervalMs: 60_000 },
    witness: [],
  });
});

test('a key that is given leaves the defaults of its neighbours in force', () => {
  const { hash, sensor } = configurationIn(
    'spoor.yml',
    'hash:\n  max_file: 1 GiB\nsensor: { ring: 1 MiB }\n',
  );
  assert.deepEqual(hash, { maxFileBytes: 1_073_741_824, maxExecutableBytes: 536_870_912 });
  assert.deepEqual(sensor, { ringBytes: 1_048_576, keep: '/sys/fs/bpf/spoor' });
});

const WRONG: readonly (readonly [title: string, text: string, ...problems: string[]])[] = [
  [
    'a place to keep the watch that the kernel would not name is told with one that it would',
    'sensor:\n  keep: /sys/fs/bpf/spoor.d\n',
    'spoor.yml:2:9: sensor.keep: "/sys/fs/bpf/spoor.d" has the wrong form; write an absolute path whose last name has no dot, such as /sys/fs/bpf/spoor, or nowhere',
  ],
  [
    'an unknown key is told with the likely one',
    'recognize:\n  enabled: true\n',
    'spoor.yml:1:1: unknown key "recognize"; did you mean "recognise"?',
  ],
  [
    'an unknown key that is like none is told with all that are known there',
    'sensor:\n  verbosity: 3\n',
    'spoor.yml:2:3: sensor: unknown key "verbosity"; known here: ring, keep',
  ],
  [
    'a relative path is told with a right one',
    'state: var/lib/spoor\n',
    'spoor.yml:1:8: state: "var/lib/spoor" has the wrong form; write an absolute path, such as /var/lib/spoor',
  ],
  [
    'a size without a unit is told with a right one',
    'hash:\n  max_file: 64M\n',
    'spoor.yml:2:13: hash.max_file: "64M" has the wrong form; write a number, a blank and KiB, MiB or GiB, such as 64 MiB',
  ],
  [
    'a word for a switch is told with what is meant',
    'rules:\n  builtin: yes\n',
    'spoor.yml:2:12: rules.builtin: "yes" is not a boolean; write true or false',
  ],
  [
    'a misspelt level is told with the likely one',
    'log_level: infos\n',
    'spoor.yml:1:12: log_level: "infos" is not known; did you mean "info"?',
  ],
  [
    'a receiver without a scheme is told with both that there are',
    'ship:\n  - endpoint: siem:4317\n',
    'spoor.yml:2:15: ship.0.endpoint: receiver "siem:4317" has no scheme; write https://siem:4317 (or http://siem:4317 to send in clear)',
  ],
  [
    'a receiver that is listed twice is refused',
    'ship:\n  - endpoint: http://siem:4317\n  - endpoint: http://siem:4317\n',
    'spoor.yml:3:15: ship.1.endpoint: "http://siem:4317" is listed twice; take one line out',
  ],
  [
    'a slash at the end makes no second receiver',
    'ship:\n  - endpoint: http://siem:4317\n  - endpoint: http://siem:4317/\n',
    'spoor.yml:3:15: ship.1.endpoint: "http://siem:4317/" is listed twice; take one line out',
  ],
  [
    'a receiver without an endpoint is refused',
    'ship:\n  - {}\n',
    'spoor.yml:2:5: ship.0: "endpoint" is missing; add it',
  ],
  [
    'every mistake is told at once, in the order of the file',
    'state: x\nlog_level: loud\nrules: []\n',
    'spoor.yml:1:8: state: "x" has the wrong form; write an absolute path, such as /var/lib/spoor',
    'spoor.yml:2:12: log_level: "loud" is not known; write one of error, warn, info, debug',
    'spoor.yml:3:8: rules: [] is not a map of keys; write keys below it, indented',
  ],
  [
    'a mistake of form hides no receiver that cannot be, and no witness',
    'ship:\n  - endpoint: siem:4317\n  - timeout: soon\nrecognize: {}\nwitness: [{ url: "http://w", key: k }]\n',
    'spoor.yml:2:15: ship.0.endpoint: receiver "siem:4317" has no scheme; write https://siem:4317 (or http://siem:4317 to send in clear)',
    'spoor.yml:3:5: ship.1: "endpoint" is missing; add it',
    'spoor.yml:3:14: ship.1.timeout: "soon" has the wrong form; write a number of seconds from 1 to 999, a blank and s, such as 10 s',
    'spoor.yml:4:1: unknown key "recognize"; did you mean "recognise"?',
    'spoor.yml:5:35: witness.0.key: "k" is no verifier key; one looks like NAME+1a2b3c4d+BASE64; copy it from witness.pub',
  ],
  [
    'a list that is none hides nothing else',
    'ship: 3\n',
    'spoor.yml:1:7: ship: 3 is not a list; write a list such as [one, two]',
  ],
];

for (const [what, text] of [
  ['a header that is no map', 'headers: { authorization: "Bearer s3cret" }'],
  ['a header whose value is a list', 'headers: { authorization: { value: [s3cret] } }'],
  ['a token where the path of its file belongs', 'headers: { authorization: { file: s3cret } }'],
  ['headers that are a text', 'headers: "authorization: s3cret"'],
] as const)
  test(`what is told of ${what} names the place and not the value`, () => {
    const problems = problemsOf(`ship:\n  - endpoint: https://siem\n    ${text}\n`);
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? '', /^spoor\.yml:3:\d+: ship\.0\.headers.*what stands there/);
    assert.doesNotMatch(problems[0] ?? '', /s3cret/);
  });

test('a password in a URL is not shown, wherever the URL was written by mistake', () => {
  for (const text of ['ship: https://siem:s3cret@siem\n', 'ship: [ "https://siem:s3cret@siem" ]\n'])
    assert.match(problemsOf(text).join(), /"https:\/\/\.\.\.@siem"/);
});

test('what is no file is refused, and a FIFO holds nobody up', (t) => {
  const directory = folder(t);
  const fifo = join(directory, 'fifo');
  execFileSync('mkfifo', ['-m', '600', fifo]);
  for (const path of [directory, fifo, '/dev/zero'])
    assert.throws(() => readConfiguration(path), {
      message: `${path}: is no file; name the configuration itself`,
    });
});

for (const [title, text, ...problems] of WRONG) {
  test(title, () => {
    assert.deepEqual(problemsOf(text), problems);
  });
}

test('a file that is no YAML is told with the place of the fault', () => {
  const [problem = ''] = problemsOf('state: [1, 2\nrules: x\n');
  assert.match(problem, /^spoor\.yml:\d+:\d+: .+; mend the YAML there$/);
});

test('a configuration that others may write is refused, with the command that mends it', (t) => {
  const path = join(folder(t), 'spoor.yml');
  writeFileSync(path, 'log_level: debug\n');
  chmodSync(path, 0o666);
  assert.throws(() => readConfiguration(path), {
    message: `${path}: others than its owner may change it (mode 0666); run: chmod go-w ${path}`,
  });
  chmodSync(path, 0o644);
  assert.equal(readConfiguration(path).logLevel, 'debug');
});

test('a missing file is told with the reason', () => {
  assert.throws(() => readConfiguration('/nowhere/spoor.yml'), {
    message: '/nowhere/spoor.yml: cannot be read (ENOENT); check the path and its mode',
  });
});

test('mistakes in the files that a configuration names are told with their own places, all files at once', async (t) => {
  const directory = folder(t);
  const agents = join(directory, 'agents.yml');
  writeFileSync(agents, 'agents:\n  acme:\n    nam: Acme\n');
  const rule = join(directory, 'rule.yml');
  writeFileSync(
    rule,
    'title: Broken\nlogsource: { category: process_creation }\ndetection: { condition: gone }\n',
  );
  await assert.rejects(
    readNamedFiles({
      recognise: { enabled: true, agents, people: '/nowhere/people.yml' },
      rules: { builtin: true, paths: [rule] },
    }),
    (error: unknown) => {
      assert.ok(error instanceof BadInput);
      const [first, second, third] = error.problems;
      assert.equal(first, `${agents}:3:5: agents.acme: unknown key "nam"; did you mean "name"?`);
      assert.equal(second, '/nowhere/people.yml: cannot be read (ENOENT); check the path and its mode');
      assert.match(third ?? '', /rule\.yml:3:\d+: /);
      return true;
    },
  );
});

test('changes that a reload does not reach are named as they are written', () => {
  const before = defaultConfiguration();
  const after = configurationIn(
    'spoor.yml',
    'state: /srv/spoor\nlog_level: debug\nhash: { max_file: 1 MiB }\nsensor: { ring: 1 MiB }\nship: [{ endpoint: "http://siem" }]\n',
  );
  assert.deepEqual(changesThatWait(before, after), ['state', 'hash.max_file', 'sensor.ring', 'ship']);
  assert.deepEqual(changesThatWait(before, before), []);
});
