/** The `spoor rules` commands as other programs use them: output, exit code, and one line for bad input. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { folderWith, LOGIN, lines, MANY, rules } from './asked.ts';

test('match prints one object a match: event from 0, rule, title, kind', (t) => {
  const login = (second: number, User: string) => ({
    '@timestamp': `2026-01-01T00:00:0${second}Z`,
    EventID: 4625,
    User,
  });
  const folder = folderWith(t, {
    'r/login.yml': LOGIN,
    'r/many.yml': `${MANY}generate: true\n`,
    'e.jsonl': `${lines(login(0, 'x'), login(1, 'x'), { EventID: 1 })}\n${lines(login(2, 'x'))}`,
  });
  const { code, out, err } = rules(folder, 'match', '--rules', 'r', '--events', 'e.jsonl');
  assert.equal(err, '');
  assert.equal(code, 0);
  const detection = (event: number) => ({ event, rule: 'login-1', title: 'Failed login', kind: 'detection' });
  const parsed = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(parsed, [
    detection(0),
    detection(1),
    detection(3),
    { event: 3, rule: 'many', title: 'Many failed logins', kind: 'correlation' },
  ]);
});

test('match routes by @logsource, and asks every rule with --no-routing', (t) => {
  const windows = { '@logsource': { product: 'windows' }, EventID: 4625 };
  const folder = folderWith(t, { 'r.yml': LOGIN, 'e.jsonl': lines(windows) });
  assert.equal(rules(folder, 'match', '--rules', 'r.yml', '--events', 'e.jsonl').out, '');
  assert.match(
    rules(folder, 'match', '--rules', 'r.yml', '--events', 'e.jsonl', '--no-routing').out,
    /"rule":"login-1"/,
  );
});

test('match takes placeholder values from a YAML or a JSON file', (t) => {
  const rule = "title: T\nlogsource: {}\ndetection:\n  s:\n    Host|expand: '%servers%'\n  condition: s\n";
  const folder = folderWith(t, {
    'r.yml': rule,
    'v.yml': 'servers: [srv*, db1]\n',
    'v.json': '{"servers": "srv*"}',
    'e.jsonl': lines({ Host: 'srv7' }),
  });
  for (const vars of ['v.yml', 'v.json'])
    assert.match(
      rules(folder, 'match', '--rules', 'r.yml', '--events', 'e.jsonl', '--vars', vars).out,
      /"event":0/,
    );
  const without = rules(folder, 'match', '--rules', 'r.yml', '--events', 'e.jsonl');
  assert.equal(without.code, 2);
  assert.match(without.err, /^r\.yml:5:\d+: placeholder %servers% has no value/);
});

test('match goes on with the good rules when one must be refused, names it, and ends with 2', (t) => {
  const folder = folderWith(t, {
    'r/bad.yml': LOGIN.replace('EventID:', 'EventID|endwith:').replaceAll('login', 'bad'),
    'r/good.yml': LOGIN,
    'e.jsonl': lines({ EventID: 4625 }),
  });
  const { code, out, err } = rules(folder, 'match', '--rules', 'r', '--events', 'e.jsonl');
  assert.equal(code, 2);
  assert.match(err, /^r\/bad\.yml:5:\d+: unknown modifier "endwith"; did you mean "endswith"\?\n$/);
  assert.match(out, /"rule":"login-1"/);
});

test('bad input is one line that names the place, with exit code 2 and no stack trace', (t) => {
  const folder = folderWith(t, {
    'r.yml': LOGIN,
    'bad.jsonl': '{"a":1}\n{nonsense\n',
    'list.jsonl': '[1]\n',
    'time.jsonl': lines({ '@timestamp': 'yesterday' }),
    'source.jsonl': lines({ '@logsource': 'linux' }),
    'vars.yml': '- a\n',
    'empty/x.txt': '',
    'e.jsonl': lines({ a: 1 }),
  });
  const rows: readonly (readonly [args: string[], cause: RegExp])[] = [
    [['match', '--rules', 'nowhere', '--events', 'e.jsonl'], /nowhere: no such file or folder/],
    [['match', '--rules', 'empty', '--events', 'e.jsonl'], /empty: no rule files/],
    [['match', '--rules', 'r.yml', '--events', 'nowhere'], /nowhere: no such file/],
    [['match', '--rules', 'r.yml', '--events', 'bad.jsonl'], /bad\.jsonl:2: not JSON/],
    [
      ['match', '--rules', 'r.yml', '--events', 'list.jsonl'],
      /list\.jsonl:1: an event must be a JSON object/,
    ],
    [['match', '--rules', 'r.yml', '--events', 'time.jsonl'], /time\.jsonl:1: "yesterday" is no time/],
    [['match', '--rules', 'r.yml', '--events', 'source.jsonl'], /@logsource must be an object/],
    [['match', '--rules', 'r.yml', '--events', 'e.jsonl', '--vars', 'nowhere'], /nowhere/],
    [
      ['match', '--rules', 'r.yml', '--events', 'e.jsonl', '--vars', 'vars.yml'],
      /vars\.yml:1:1: must be a map/,
    ],
    [['explain', '--rules', 'r.yml', '--events', 'e.jsonl', '--event', '7'], /has 1 events/],
    [
      ['explain', '--rules', 'r.yml', '--events', 'e.jsonl', '--rule', 'x'],
      /no rule has the id, name or title "x"/,
    ],
    [['test', 'r.yml'], /no tests/],
    [['import', 'r.yml', '--to', '.'], /is not empty/],
  ];
  for (const [args, cause] of rows) {
    const { code, err } = rules(folder, ...args);
    assert.equal(code, 2, `${args.join(' ')}: ${err}`);
    assert.match(err, cause, args.join(' '));
    assert.equal(err.trim().split('\n').length, 1, err);
  }
});

test('hostile events have a verdict and never end the program', (t) => {
  const deep: unknown[] = [];
  let at = deep;
  for (let level = 0; level < 500; level += 1) {
    const inner: unknown[] = [];
    at.push(inner);
    at = inner;
  }
  const folder = folderWith(t, {
    'r.yml': `${LOGIN}---\ntitle: K\nlogsource: {}\ndetection:\n  k: [needle]\n  r: { big|re: '(a+)+$' }\n  condition: k or r\n`,
    'e.jsonl': lines(
      {},
      { EventID: null, big: null },
      { EventID: { a: 1 } },
      { EventID: [[4625]] },
      { EventID: deep },
      { big: `${'a'.repeat(200_000)}b` },
      { EventID: 1e308, big: -0 },
      { __proto__: 1, constructor: 'needle', toString: 2 },
      { big: `${'x'.repeat(200_000)}needle` },
    ),
  });
  const { code, out, err } = rules(folder, 'match', '--rules', 'r.yml', '--events', 'e.jsonl');
  assert.equal(code, 0, err);
  assert.deepEqual(
    out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { event: number }).event),
    [7, 8],
  );
  assert.match(err, /e\.jsonl:6: big: only the first and last 16384 of its 200001 characters are looked at/);
});

test('check tells warnings and notes with place and code, as text and as JSON', (t) => {
  const folder = folderWith(t, {
    'r.yml': `title: Odd
logsource: { category: process_creation, product: linux }
detection:
    used: { NoSuchField: x }
    unused: { Image: y }
    condition: used
---
title: Filter
logsource: { product: linux }
filter: { rules: any, f: { User: root }, condition: f }
---
title: Elsewhere
logsource: { product: linux, service: nosuchservice }
detection: { s: { A: 1 }, condition: s }
`,
  });
  const text = rules(folder, 'check', 'r.yml');
  assert.equal(text.code, 1);
  assert.match(
    text.out,
    /r\.yml:1:1: warning: "Odd" search identifier "unused" is never used in the condition \[unused-identifier\]/,
  );
  assert.match(text.out, /warning: "Odd" can never match: no event has NoSuchField/);
  assert.match(text.out, /warning: "Filter" condition "f" keeps only what it selects/);
  assert.match(text.out, /no event of this host is shown as product linux, service nosuchservice/);
  const json = rules(folder, 'check', '--json', 'r.yml')
    .out.trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.ok(
    json.some(
      ({ code, severity, place }) => code === 'no-field' && severity === 'warning' && place.line === 1,
    ),
  );
  assert.equal(rules(folderWith(t, { 'bad.yml': 'title: x\n' }), 'check', 'bad.yml').code, 2);
});

test('test runs the tests beside rules, writes JUnit, and ends with 1 when one fails', (t) => {
  const folder = folderWith(t, {
    'd/login.yml': LOGIN,
    'd/login.test.yml': `tests:
    - name: a failed login
      events: [{ logsource: { product: linux }, fields: { EventID: 4625 } }]
      expect: [failed_login]
    - name: wrongly expected & <odd>
      events: [{ logsource: { product: linux }, fields: { EventID: 1 } }]
      expect: [failed_login]
`,
  });
  const { code, out } = rules(folder, 'test', 'd', '--junit', 'out.xml');
  assert.equal(code, 1);
  assert.match(
    out,
    /failed {2}d\/login\.test\.yml:5: wrongly expected & <odd>\n {10}"failed_login" did not fire/,
  );
  assert.match(out, /1 of 2 tests passed/);
  const xml = readFileSync(join(folder, 'out.xml'), 'utf8');
  assert.match(xml, /<testsuite name="rules" tests="2" failures="1" errors="0">/);
  assert.match(xml, /name="wrongly expected &amp; &lt;odd&gt;"/);
});

test('a test file with a misspelt attribute, event or key is refused: it would prove nothing', (t) => {
  const rows: readonly (readonly [string, RegExp])[] = [
    [
      'tests: [{ name: a, events: [{ event: process.exce }], expect: none }]',
      /no event is called "process\.exce"; did you mean "process\.exec"/,
    ],
    [
      'tests: [{ name: a, events: [{ event: process.exec, process.exit.cod: 1 }], expect: none }]',
      /no attribute is called "process\.exit\.cod"/,
    ],
    ['tests: [{ name: a, event: [], expect: none }]', /unknown key "event"/],
    ['tests: [{ name: a, events: [{ event: process.exec, at: soon }], expect: none }]', /"soon" is no time/],
    ['tests: [{ name: a, events: [] }]', /needs "expect"/],
    ['test: []', /unknown key "test"/],
  ];
  for (const [text, cause] of rows) {
    const { code, err } = rules(folderWith(t, { 'r.yml': LOGIN, 'r.test.yml': text }), 'test', '.');
    assert.equal(code, 2, text);
    assert.match(err, cause);
  }
});

test('backtest tells on which events the changed set says something else', (t) => {
  const folder = folderWith(t, {
    'old.yml': LOGIN,
    'new.yml': LOGIN.replace('EventID: 4625', 'EventID: [4625, 4771]'),
    'e.jsonl': lines({ EventID: 4625 }, { EventID: 4771 }, { EventID: 1 }),
  });
  const { code, out } = rules(
    folder,
    'backtest',
    '--rules',
    'new.yml',
    '--old',
    'old.yml',
    '--events',
    'e.jsonl',
    '--json',
  );
  assert.equal(code, 1);
  const line = JSON.parse(out);
  assert.deepEqual(
    [line.findings, line.before, line.appeared, line.gone],
    [2, 1, { count: 1, on: [1] }, { count: 0, on: [] }],
  );
  assert.ok(line.costUs > 0);
  assert.equal(
    rules(folder, 'backtest', '--rules', 'old.yml', '--old', 'old.yml', '--events', 'e.jsonl').code,
    0,
  );
});

test('check asks about dates, relations and log sources that are not written as they should be', (t) => {
  const folder = folderWith(t, {
    'r.yml': `title: Odd
date: 2026/01/31
modified: 2026-02-30
related:
    - id: 11111111-1111-4111-8111-111111111111
      type: cousin
    - type: similar
logsource:
    categry: process_creation
    vendor_field: x
detection: { s: { Image: x }, condition: s }
---
title: Order
date: 2026-03-01
modified: 2026-02-01
related: [{ id: 11111111-1111-4111-8111-111111111111, type: derived }]
logsource: { product: linux, category: process_creation, definition: none }
detection: { s: { Image: x }, condition: s }
---
title: Never
correlation:
    type: value_count
    rules: [Feeds]
    group-by: [User]
    timespan: 1m
    condition: { field: Image, gte: 10001 }
---
title: Feeds
name: Feeds
logsource: { product: linux, category: process_creation }
detection: { s: { Image: y }, condition: s }
---
title: Filter of another log source
logsource: { product: windows }
filter: { rules: [Feeds], f: { User: root }, condition: not f }
`,
  });
  const { out } = rules(folder, 'check', 'r.yml');
  for (const line of [
    /^r\.yml:2:7: note: "Odd" date "2026\/01\/31" is no day written like 2026-01-31 \[date-form\]$/m,
    /^r\.yml:3:11: note: "Odd" modified "2026-02-30" is no day/m,
    /^r\.yml:5:7: note: "Odd" related: type "cousin" is none of derived, /m,
    /^r\.yml:7:7: note: "Odd" related: an entry has no id/m,
    /^r\.yml:9:5: warning: "Odd" key "categry" of its log source means nothing here; did you mean "category"\?/m,
    /^r\.yml:10:5: note: "Odd" key "vendor_field"/m,
    /^r\.yml:15:11: note: "Order" was modified on 2026-02-01, before it was made on 2026-03-01 \[date-order\]$/m,
    /warning: "Never" never holds: a window counts at most 10000 different values \[never-reached\]$/m,
    /warning: "Filter of another log source" is not applied to "Feeds": its log source does not cover/m,
  ])
    assert.match(out, line);
  assert.doesNotMatch(out, /"Order" (key|related)/);
});

test('import takes what can work here, and lowers what fires on ordinary work', (t) => {
  const rule = (id: string, image: string, logsource = '{ category: process_creation, product: linux }') =>
    `title: ${id}\nid: ${id}\nlogsource: ${logsource}\ndetection: { s: { Image|endswith: ${image} }, condition: s }\nlevel: high\n`;
  const folder = folderWith(t, {
    'in/noisy.yml': rule('noisy', '/whoami'),
    'in/quiet.yml': rule('quiet', '/nosuchtool'),
    'in/windows.yml': rule('windows', '\\cmd.exe', '{ category: process_creation, product: windows }'),
    'in/sshd.yml': rule('sshd', 'x', '{ product: linux, service: sshd }'),
  });
  const { code, out } = rules(folder, 'import', 'in', '--to', 'out');
  assert.equal(code, 0);
  assert.deepEqual(readdirSync(join(folder, 'out')).sort(), ['noisy.yml', 'quiet.yml']);
  assert.match(
    readFileSync(join(folder, 'out', 'noisy.yml'), 'utf8'),
    /^# was high; fires on ordinary work: whoami\nlevel: low$/m,
  );
  assert.match(readFileSync(join(folder, 'out', 'quiet.yml'), 'utf8'), /^level: high$/m);
  assert.match(out, /2 rules imported to out, 2 left out/);
});

test('import keeps what stands together in a file, by document, and writes nowhere but into its folder', (t) => {
  const rule = (id: string, image: string, more = 'level: high') =>
    `title: ${id}\nid: ${id}\nlogsource: { category: process_creation, product: linux }\ndetection: { s: { Image|endswith: ${image} }, condition: s }\n${more}\n`;
  const counted = (title: string, of: string) =>
    `title: ${title}\ncorrelation:\n    type: event_count\n    rules: [${of}]\n    timespan: 1m\n    condition: { gte: 5 }\n`;
  const windows = rule('windows', '\\cmd.exe').replace('product: linux', 'product: windows');
  const folder = folderWith(t, {
    'in/a/r.yml': [
      rule('noisy', '/whoami', 'status: test'),
      rule('quiet', '/nosuchtool'),
      windows,
      counted('Many', 'quiet'),
      counted('Gone', 'windows'),
      'title: Not ours\nlogsource: { product: linux }\nfilter: { rules: [windows], s: { User: x }, condition: not s }\n',
    ].join('---\n'),
    'in/b/r.yml': rule('../../outside', '/othertool'),
  });
  const { code, out } = rules(folder, 'import', 'in', '--to', 'out');
  assert.equal(code, 0, out);
  assert.deepEqual(readdirSync(folder).sort(), ['in', 'out']);
  assert.deepEqual(readdirSync(join(folder, 'out')).sort(), ['r-2.yml', 'r.yml']);
  assert.match(out, /left out 1: refers to rules that are left out/);
  assert.match(out, /left out 1: is a filter of rules that are left out/);
  assert.match(out, /4 rules imported to out, 3 left out/);
  // What was imported is a set of rules, and what was said to be lowered is low.
  const checked = rules(folder, 'check', 'out', '--json');
  assert.equal(checked.out.includes('"error"'), false, checked.out);
  const text = readFileSync(join(folder, 'out', 'r.yml'), 'utf8');
  assert.match(text, /^title: noisy\n.*?fires on ordinary work: whoami\nlevel: low\n---\ntitle: quiet\n/s);
  assert.match(text, /^title: Many$/m);
  assert.doesNotMatch(text, /windows|Gone|Not ours/);
});

test('coverage lists techniques, rules that cannot fire and rules that never fired', (t) => {
  const folder = folderWith(t, {
    'r.yml': `${LOGIN.replace('logsource', 'tags: [attack.t1110, attack.t1078.003]\nlogsource')}---
title: Never
logsource: {}
detection: { s: { A: 1 }, condition: s }
---
title: Cannot
logsource: { product: linux, service: nosuchservice }
detection: { s: { A: 1 }, condition: s }
`,
    'e.jsonl': lines({ EventID: 4625 }),
  });
  const said = JSON.parse(rules(folder, 'coverage', 'r.yml', '--events', 'e.jsonl', '--json').out);
  assert.deepEqual(Object.keys(said.techniques), ['T1078.003', 'T1110']);
  assert.ok(said.cannot_fire.some(({ rule }: { rule: string }) => rule === 'Cannot'));
  assert.deepEqual(said.fired, [{ rule: 'login-1', title: 'Failed login', count: 1 }]);
  assert.ok(said.never_fired.some(({ rule }: { rule: string }) => rule === 'Never'));
});
