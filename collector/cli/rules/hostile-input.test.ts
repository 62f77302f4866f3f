/** Files and events that somebody made to break the tools: each is told in a line, and stops nothing else. */

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { folderWith, LOGIN, lines, MAIN, rules } from './asked.ts';

const RULE = 'title: T\nlogsource: {}\ndetection: { s: { A.b: x }, condition: s }\n';

test('a file of a folder that cannot be read is refused by name, and the others are judged', {
  timeout: 20_000,
}, (t) => {
  const folder = folderWith(t, { 'r/login.yml': LOGIN, 'e.jsonl': lines({ EventID: 4625 }) });
  symlinkSync('nowhere', join(folder, 'r/dangling.yml'));
  mkdirSync(join(folder, 'r/folder.yml'));
  execFileSync('mkfifo', [join(folder, 'r/pipe.yml')]);
  writeFileSync(join(folder, 'r/latin1.yml'), Buffer.from('title: T\ndescription: caf\xe9\n', 'latin1'));
  const { code, out, err } = rules(folder, 'match', '--rules', 'r', '--events', 'e.jsonl', '--no-routing');
  assert.equal(code, 2);
  assert.equal(JSON.parse(out).rule, 'login-1');
  assert.deepEqual(err.trim().split('\n'), [
    'r/dangling.yml:1:1: cannot be read: ENOENT',
    'r/latin1.yml:1:1: line 2 is not UTF-8; save the file as UTF-8',
    'r/pipe.yml:1:1: is no file; a rule file is one',
  ]);
});

test('a byte order mark before a rule is no part of it', (t) => {
  const folder = folderWith(t, { 'r.yml': '\ufefftitle: [x]\nlogsource: {}\n' });
  assert.match(rules(folder, 'check', 'r.yml').out, /^r\.yml:1:1: error: /);
});

test('lists and maps nested ten thousand deep, in rules and events, are told or passed over', (t) => {
  const deep = `${'['.repeat(10_000)}1${']'.repeat(10_000)}`;
  const folder = folderWith(t, {
    'deep.yml': `title: T\nlogsource: {}\ndetection: { s: { A: ${deep} }, condition: s }\n`,
    'r.yml': `${RULE}name: t\n---\ntitle: C\ncorrelation: { type: event_count, rules: [u], group-by: [B], timespan: 1m, condition: { gte: 1 } }\n---\ntitle: U\nname: u\nlogsource: {}\ndetection: { s: { B|exists: true }, condition: s }\n`,
    'e.jsonl': `{"A":${deep},"B":${deep}}\n${lines({ A: [{ b: 'x' }] })}`,
  });
  const check = rules(folder, 'check', 'deep.yml');
  assert.match(check.out, /^deep\.yml:3:\d+: error: nested deeper than 64 levels/);
  const match = rules(folder, 'match', '--rules', 'r.yml', '--events', 'e.jsonl');
  assert.equal(match.err, '');
  assert.deepEqual(
    match.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .map(({ event, rule }) => `${event} ${rule}`),
    ['0 C', '1 t'],
  );
  const explain = rules(
    folder,
    'explain',
    '--rules',
    'r.yml',
    '--events',
    'e.jsonl',
    '--event',
    '0',
    '--rule',
    'U',
  );
  assert.match(explain.out, /the value is |the field is there/);
});

test('a reader that goes away ends the command without a word', (t) => {
  const events = Array.from({ length: 20_000 }, () => ({ EventID: 4625 }));
  const folder = folderWith(t, { 'r.yml': LOGIN, 'e.jsonl': lines(...events) });
  const { stderr, stdout } = spawnSync(
    'sh',
    ['-c', `"${process.execPath}" "${MAIN}" rules match --rules r.yml --events e.jsonl | head -1`],
    { cwd: folder, encoding: 'utf8' },
  );
  assert.equal(stderr, '');
  assert.match(stdout, /^\{"event":0,.*\n$/);
});

test('no title moves the cursor or forges a line', (t) => {
  const folder = folderWith(t, {
    'r.yml': `title: "\\e[2J\\nall is well \\u202e"\nlogsource: {}\ndetection: { s: { A: x }, condition: s }\n`,
    'e.jsonl': lines({ A: 'x\u001b[2J\n' }),
  });
  const told = [
    rules(folder, 'check', 'r.yml'),
    rules(folder, 'coverage', 'r.yml', '--events', 'e.jsonl'),
    rules(folder, 'backtest', '--rules', 'r.yml', '--events', 'e.jsonl'),
    rules(
      folder,
      'explain',
      '--rules',
      'r.yml',
      '--events',
      'e.jsonl',
      '--rule',
      '\u001b[2J\nall is well \u202e',
    ),
    rules(folder, 'explain', '--rules', 'r.yml', '--events', 'e.jsonl', '--rule', '\u001b[2J'),
  ];
  for (const { out, err } of told) {
    assert.doesNotMatch(out + err, /(?!\n)[\p{Cc}\p{Bidi_Control}]|^all is well/mu);
    assert.notEqual(out + err, '');
  }
});

test('results that cannot be written are told in a line, and refused rules are errors of the results', (t) => {
  const folder = folderWith(t, {
    'd/login.yml': `${LOGIN}---\ntitle: Bad\n`,
    'd/login.test.yml':
      'tests: [{ name: "\\uFFFE\\uD800", events: [{ logsource: { product: linux }, fields: { EventID: 4625 } }], expect: [failed_login] }]\n',
  });
  const nowhere = rules(folder, 'test', 'd', '--junit', 'no/such/folder.xml');
  assert.equal(nowhere.code, 2);
  assert.match(
    nowhere.err,
    /\nspoor rules test: no\/such\/folder\.xml: the results cannot be written \(ENOENT\)\n$/,
  );
  const { code } = rules(folder, 'test', 'd', '--junit', 'out.xml');
  assert.equal(code, 2);
  assert.match(readFileSync(join(folder, 'out.xml'), 'utf8'), /tests="2" failures="0" errors="1"/);
  // Another program's opinion of the file.
  const python =
    'import sys, xml.dom.minidom as x; print(len(x.parse(sys.argv[1]).getElementsByTagName("error")))';
  assert.equal(execFileSync('python3', ['-c', python, 'out.xml'], { cwd: folder, encoding: 'utf8' }), '1\n');
});

test('backtest and coverage end with 2 when a rule was refused: what they say is not whole', (t) => {
  const folder = folderWith(t, { 'r.yml': `${LOGIN}---\ntitle: Bad\n`, 'e.jsonl': lines({ EventID: 4625 }) });
  assert.equal(rules(folder, 'backtest', '--rules', 'r.yml', '--events', 'e.jsonl').code, 2);
  assert.equal(rules(folder, 'coverage', 'r.yml').code, 2);
});
