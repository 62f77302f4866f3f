/** Values, wildcards, lists, maps, keywords and conditions, case by case from the rules specification of Sigma 2.1. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Fields, itemMatches, matches, refusalsOf, verdicts } from './asked.ts';
import { ANY, compilePattern, ONE, parsePattern } from './pattern.ts';

test('wildcards: * is any run of characters, ? exactly one, and the whole value must fit', () => {
  const rows: readonly (readonly [string, string, boolean])[] = [
    ['prog?.exe', 'progA.exe', true],
    ['prog?.exe', 'prog.exe', false],
    ['prog?.exe', 'progAB.exe', false],
    ['antivirus_V*.exe', 'antivirus_V21.2.1.exe', true],
    ['antivirus_V*.exe', 'antivirus_V.exe', true],
    ['*', '', true],
    ['*', 'x', true],
    ['?', '', false],
    ['?', '😀', true],
    ['??', '😀', false],
    ['a*b*c', 'aXbYc', true],
    ['a*b*c', 'aXcYb', false],
    ['*a?c*', 'xxabcxx', true],
    ['*a?c*', 'xxacxx', false],
    ['a*a', 'a', false],
    ['ab*ba', 'aba', false],
    ['*ab*ab', 'ab', false],
    ['*ab*ab', 'abab', true],
    ['?*?', 'ab', true],
    ['?*?', 'a', false],
    ['*.tx?', 'a.txt', true],
    ['a\nb*', 'a\nbc', true],
  ];
  for (const [pattern, value, expected] of rows)
    assert.equal(
      itemMatches(`F: ${JSON.stringify(pattern)}`, { F: value }),
      expected,
      `${pattern} on ${value}`,
    );
});

test('backslashes escape as the section "Escape Character" says', () => {
  const rows: readonly (readonly [yaml: string, value: string, expected: boolean])[] = [
    ["'C:\\Windows'", 'C:\\Windows', true],
    ["'C:\\\\Windows'", 'C:\\Windows', true],
    ["'a\\*b'", 'a*b', true],
    ["'a\\*b'", 'axb', false],
    ["'a\\?b'", 'a?b', true],
    ["'a\\?b'", 'axb', false],
    ["'a\\\\*'", 'a\\xyz', true],
    ["'a\\\\*'", 'a*', false],
    ["'a\\\\\\*'", 'a\\*', true],
    ["'a\\\\\\*'", 'a\\x', false],
    ["'a\\\\\\\\b'", 'a\\\\b', true],
    ["'a\\\\\\b'", 'a\\\\b', true],
    ["'\\\\\\\\server\\share'", '\\\\server\\share', true],
    ["'end\\'", 'end\\', true],
  ];
  for (const [yaml, value, expected] of rows)
    assert.equal(itemMatches(`F: ${yaml}`, { F: value }), expected, `${yaml} on ${value}`);
});

test('a pattern says the same as the regular expression it stands for', () => {
  const piece = fc.constantFrom('a', 'b', 'ab', '*', '?', '**');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), fc.stringMatching(/^[ab]{0,12}$/), (pieces, text) => {
      const pattern = parsePattern(pieces.join(''));
      const source = pattern.map((one) => (one === ANY ? '.*' : one === ONE ? '.' : String(one))).join('');
      assert.equal(
        compilePattern(pattern)(text),
        new RegExp(`^${source}$`).test(text),
        `${pieces.join('')} on ${text}`,
      );
    }),
    { numRuns: 3000 },
  );
});

test('numbers, booleans, empty and null values match as their types say', () => {
  const rows: readonly (readonly [string, Fields, boolean])[] = [
    ['F: 443', { F: 443 }, true],
    ['F: 443', { F: '443' }, true],
    ['F: 443', { F: 443.5 }, false],
    ['F: 443', { F: '4430' }, false],
    ["F: '443'", { F: 443 }, true],
    ["F: '44*'", { F: 443 }, true],
    ['F: 1.10', { F: '1.10' }, true],
    ['F: 1.10', { F: 1.1 }, true],
    ['F: 0x1F', { F: 31 }, true],
    ['F: 0x1F', { F: '0x1f' }, true],
    ['F: -3', { F: -3 }, true],
    ['F: 9007199254740993', { F: '9007199254740993' }, true],
    ['F: true', { F: true }, true],
    ['F: true', { F: 'True' }, true],
    ['F: true', { F: 1 }, false],
    ["F: 'true'", { F: true }, true],
    ['F: yes', { F: 'yes' }, true],
    ['F: yes', { F: true }, false],
    ["F: ''", { F: '' }, true],
    ["F: ''", { F: null }, false],
    ["F: ''", {}, false],
    ["F: ''", { F: ' ' }, false],
    ['F: null', { F: null }, true],
    ['F: null', {}, true],
    ['F: null', { F: '' }, false],
    ['F: null', { F: 0 }, false],
    ['F: null', { F: [] }, true],
    ['F: ~', {}, true],
    ['F:', {}, true],
    ["F: 'null'", { F: null }, false],
    ["F: '*'", {}, false],
    ["F: 'x'", { F: { x: 'x' } }, false],
    ["F: 'x'", { F: ['a', 'x'] }, true],
    ["F: 'x'", { F: [['x']] }, false],
    ["F: ['a', 2, true]", { F: 2 }, true],
    ["F: ['a', 2, true]", { F: 'TRUE' }, true],
  ];
  for (const [item, event, expected] of rows)
    assert.equal(itemMatches(item, event), expected, `${item} on ${JSON.stringify(event)}`);
});

test('a field name is a key as it stands first, then a path; lists on the way give any element', () => {
  const rows: readonly (readonly [string, Fields, boolean])[] = [
    ["'a.b': 'x'", { 'a.b': 'x' }, true],
    ["'a.b': 'x'", { a: { b: 'x' } }, true],
    ["'a.b': 'x'", { 'a.b': 'y', a: { b: 'x' } }, false],
    ["'a.b.c': 'x'", { 'a.b': { c: 'x' } }, true],
    ["'a.b.c': 'x'", { a: { 'b.c': 'x' } }, true],
    ["'a.b': 'x'", { a: [{ b: 'y' }, { b: 'x' }] }, true],
    ["'a.b': 'x'", { a: ['x'] }, false],
    ["'a.b': null", { a: [{ c: 1 }] }, true],
    ["a: 'x'", { A: 'x' }, false],
    ["'constructor': null", {}, true],
    ["'__proto__.x': null", {}, true],
    ["'a b': 'x'", { 'a b': 'x' }, true],
  ];
  for (const [item, event, expected] of rows)
    assert.equal(itemMatches(item, event), expected, `${item} on ${JSON.stringify(event)}`);
});

test('a map is AND, a list of maps OR, a list of values OR', () => {
  const detection = `sel:
  - A: 1
    B: [2, 3]
  - C|contains: x
condition: sel`;
  assert.equal(matches(detection, { A: 1, B: 3 }), true);
  assert.equal(matches(detection, { A: 1, B: 4 }), false);
  assert.equal(matches(detection, { A: 1 }), false);
  assert.equal(matches(detection, { C: 'axb' }), true);
  assert.equal(matches(detection, { A: 2, B: 2, C: 'y' }), false);
});

test('one field may stand twice in a map with different modifiers', () => {
  const detection = `sel:
  A|startswith: x
  A|endswith: y
condition: sel`;
  assert.equal(matches(detection, { A: 'x-y' }), true);
  assert.equal(matches(detection, { A: 'x-z' }), false);
});

test('keywords are looked for in every value of the event, nested ones too, never in field names', () => {
  const list = `keywords:
  - 'EVILSERVICE'
  - 'svchost.exe -n evil'
condition: keywords`;
  assert.equal(matches(list, { Message: 'the evilservice ran' }), true);
  assert.equal(matches(list, { a: { b: ['x', 'svchost.exe -N evil'] } }), true);
  assert.equal(matches(list, { evilservice: 'x' }), false);
  assert.equal(matches(list, { a: 'svchost.exe', b: '-n evil' }), false);

  const both = `keywords:
  '|all':
    - 'OabVirtualDirectory'
    - ' -ExternalUrl '
condition: keywords`;
  assert.equal(matches(both, { a: 'Set-OabVirtualDirectory', b: 'x -externalurl y' }), true);
  assert.equal(matches(both, { a: 'Set-OabVirtualDirectory' }), false);

  const rows: readonly (readonly [string, Fields, boolean])[] = [
    ["k:\n  '|re': '^a\\d$'\ncondition: k", { x: 'a1' }, true],
    ["k:\n  '|re': '^a\\d$'\ncondition: k", { x: 'ba1' }, false],
    ["k:\n  - 'a*c'\ncondition: k", { x: 'zabcz' }, true],
    ['k:\n  - 4625\ncondition: k', { x: 4625 }, true],
    ['k: word\ncondition: k', { x: 'a Word here' }, true],
    ["k:\n  '|startswith': 'ab'\ncondition: k", { x: 'xab' }, false],
    ["k:\n  '|cased': 'Ab'\ncondition: k", { x: 'xabx' }, false],
    ["k:\n  '|cidr': 10.0.0.0/8\ncondition: k", { x: '10.1.1.1' }, true],
    ["k:\n  - 'a'\n  - F: 'b'\ncondition: k", { F: 'b' }, true],
    ['k:\n  - word\ncondition: not k', { x: 1 }, true],
  ];
  for (const [detection, event, expected] of rows)
    assert.equal(matches(detection, event), expected, detection);
});

test('keywords are looked for in each event anew, also when events have as many values as the one before', () => {
  const rules = 'title: K\nlogsource: {}\ndetection: { s: { B: x }, k: [one, two], condition: s and k }\n';
  const events = ['one', 'two', 'neither', 'one'].map((A) => ({ A, B: 'x' }));
  assert.deepEqual(verdicts(rules, events), [['K'], ['K'], [], ['K']]);
});

test('conditions: or binds loosest, then and, then not, then x of, then brackets', () => {
  const selections = 'a: {A: 1}\nb: {B: 1}\nc: {C: 1}\nsel_x: {X: 1}\nsel_y: {Y: 1}\n_h: {H: 1}\n';
  const rows: readonly (readonly [condition: string, event: Fields, expected: boolean])[] = [
    ['a', { A: 1 }, true],
    ['a or b and c', { A: 1 }, true],
    ['a or b and c', { B: 1 }, false],
    ['(a or b) and c', { A: 1 }, false],
    ['(a or b) and c', { A: 1, C: 1 }, true],
    ['not a and b', { B: 1 }, true],
    ['not (a and b)', { A: 1 }, true],
    ['not a or b', { A: 1, B: 1 }, true],
    ['not not a', { A: 1 }, true],
    ['not 1 of sel_*', { A: 1 }, true],
    ['not 1 of sel_*', { X: 1 }, false],
    ['1 of sel_*', { Y: 1 }, true],
    ['any of sel_*', { Y: 1 }, true],
    ['all of sel_*', { Y: 1 }, false],
    ['all of sel_*', { X: 1, Y: 1 }, true],
    ['1 of sel_x', { X: 1 }, true],
    ['1 of *_y', { Y: 1 }, true],
    ['1 of s*x', { X: 1 }, true],
    ['1 of *el*', { X: 1 }, true],
    ['1 of them', { C: 1 }, true],
    ['1 of them', { H: 1 }, false],
    ['all of them', { A: 1, B: 1, C: 1, X: 1, Y: 1 }, true],
    ['all of them', { A: 1, B: 1, C: 1, X: 1 }, false],
    ['_h', { H: 1 }, true],
    ['a and 1 of sel_* and not _h', { A: 1, X: 1 }, true],
    ['a and 1 of sel_* and not _h', { A: 1, X: 1, H: 1 }, false],
    ['A OR b', { B: 1 }, true],
    ['  a   and(b)  ', { A: 1, B: 1 }, true],
    ['((((a))))', { A: 1 }, true],
  ];
  for (const [condition, event, expected] of rows) {
    const written = condition === 'A OR b' ? 'a OR b' : condition;
    assert.equal(
      matches(`${selections}condition: '${written}'`, event),
      expected,
      `${condition} on ${JSON.stringify(event)}`,
    );
  }
});

test('identifiers that begin with a word of the language are still identifiers', () => {
  const detection =
    "notable: {A: 1}\nandroid: {B: 1}\nor_else: {C: 1}\nof-all: {D: 1}\ncondition: 'notable and android or or_else and of-all'";
  assert.equal(matches(detection, { A: 1, B: 1 }), true);
  assert.equal(matches(detection, { C: 1, D: 1 }), true);
  assert.equal(matches(detection, { A: 1, C: 1 }), false);
});

test('a list of conditions is OR', () => {
  const detection = 'a: {A: 1}\nb: {B: 1}\ncondition:\n  - a\n  - b';
  assert.equal(matches(detection, { B: 1 }), true);
  assert.equal(matches(detection, {}), false);
});

test('an absent field: not is true, null is true, every other test is false', () => {
  assert.equal(matches('s: {A: 1}\nf: {B: x}\ncondition: s and not f', { A: 1 }), true);
  assert.equal(matches('s: {A: 1}\nf: {B: null}\ncondition: s and not f', { A: 1 }), false);
  assert.equal(matches('s: {A: 1}\nf: {B: null}\ncondition: s and not f', { A: 1, B: 'x' }), true);
});

test('a rule sees the events of its log source, and every event when an event does not say', () => {
  const rule = (id: string, logsource: string) =>
    `title: ${id}\nid: ${id}\nlogsource: ${logsource}\ndetection: {s: {A: 1}, condition: s}`;
  const rules = [
    rule('linux', '{product: linux}'),
    rule('process', '{category: process_creation, product: linux}'),
    rule('windows', '{category: process_creation, product: windows}'),
    rule('sshd', '{product: linux, service: sshd}'),
    rule('any', '{}'),
    rule('upper', '{category: Process_Creation}'),
  ].join('\n---\n');
  assert.deepEqual(
    verdicts(rules, [
      { A: 1, '@logsource': { category: 'process_creation', product: 'linux' } },
      { A: 1, '@logsource': { product: 'linux', service: 'sshd' } },
      { A: 1, '@logsource': {} },
      { A: 1 },
    ]),
    [
      ['linux', 'process', 'any', 'upper'],
      ['linux', 'sshd', 'any'],
      ['any'],
      ['linux', 'process', 'windows', 'sshd', 'any', 'upper'],
    ],
  );
});

const RULE =
  'title: t\nid: r1\nname: one\nlogsource: {product: linux, category: c}\ndetection: {s: {A: 1}, condition: s}';

test('a filter is added with AND to the rules it names, by id, name or for all of its log source', () => {
  const filter = (rules: string, logsource = '{product: linux}', condition = 'not f') =>
    `${RULE}\n---\ntitle: f\nlogsource: ${logsource}\nfilter:\n  rules: ${rules}\n  f: {User|startswith: adm_}\n  condition: ${condition}`;
  const admin = [{ A: 1, User: 'adm_x' }];
  const other = [{ A: 1, User: 'x' }];
  for (const rules of ['[r1]', '[one]', 'any', 'all', 'r1']) {
    assert.deepEqual(verdicts(filter(rules), admin), [[]], rules);
    assert.deepEqual(verdicts(filter(rules), other), [['r1']], rules);
  }
  assert.deepEqual(verdicts(filter('any', '{product: windows}'), admin), [['r1']]);
  assert.deepEqual(verdicts(filter('[r1]', '{product: linux, category: d}'), admin), [['r1']]);
  assert.deepEqual(verdicts(filter('any', '{product: linux}', 'f'), admin), [['r1']]);
  assert.deepEqual(verdicts(filter('any', '{product: linux}', 'f'), other), [[]]);
});

test('several filters all apply, and the names in a filter are its own', () => {
  const text = `${RULE}
---
title: f1
logsource: {}
filter: {rules: [r1], s: {B: 1}, condition: not s}
---
title: f2
logsource: {}
filter: {rules: [r1], s: {C: 1}, condition: not 1 of s*}`;
  assert.deepEqual(verdicts(text, [{ A: 1 }, { A: 1, B: 1 }, { A: 1, C: 1 }]), [['r1'], [], []]);
});

test('what a document must not hold is refused with file, line and mend', () => {
  const rule = (detection: string) => `title: t\nlogsource: {}\ndetection:\n  ${detection}`;
  const rows: readonly (readonly [string, RegExp])[] = [
    ['logsource: {}\ndetection: {s: {A: 1}, condition: s}', /:1:1: a rule needs a title/],
    [
      `title: ${'x'.repeat(257)}\nlogsource: {}\ndetection: {s: {A: 1}, condition: s}`,
      /257 characters; Sigma allows 256/,
    ],
    ['title: t\ndetection: {s: {A: 1}, condition: s}', /"logsource" is missing/],
    ['title: t\nlogsource: {}', /none of "detection", "correlation" and "filter"/],
    ['title: t\nlogsource: linux\ndetection: {s: {A: 1}, condition: s}', /:2:12: "logsource" must be a map/],
    [
      'title: t\nlogsource: {}\nlevel: severe\ndetection: {s: {A: 1}, condition: s}',
      /:3:1: level "severe" is none of informational/,
    ],
    ['title: t\nlogsource: {}\nstatus: new\ndetection: {s: {A: 1}, condition: s}', /status "new" is none of/],
    ['title: t\nlogsource: {}\naction: global', /"action: global, reset, repeat" is no longer Sigma/],
    [rule('s: {A: 1}'), /"condition" is missing/],
    [rule('s: {}\n  condition: s'), /:4:3: "s" is empty/],
    [rule('s: []\n  condition: s'), /"s" is an empty list/],
    [rule('s: {A: 1}\n  condition: t'), /:5:14: the condition names "t", which is not defined/],
    [rule('s: {A: 1}\n  condition: s and'), /ends where a search identifier must follow/],
    [rule('s: {A: 1}\n  condition: s s'), /has "s" where and, or or its end must stand/],
    [rule('s: {A: 1}\n  condition: (s'), /bracket that is not closed/],
    [rule('s: {A: 1}\n  condition: s)'), /has "\)" where/],
    [rule("s: {A: 1}\n  condition: ''"), /ends where a search identifier must follow/],
    [rule('s: {A: 1}\n  condition: 1 of x*'), /"1 of x\*" means no search identifier/],
    [rule('_s: {A: 1}\n  condition: 1 of them'), /means no search identifier/],
    [rule('s: {A: 1}\n  condition: 2 of s*'), /"2 of" is not in Sigma/],
    [rule('s: {A: 1}\n  condition: s | count() by A > 5'), /write a correlation rule/],
    [rule('s: {A: 1}\n  condition: s | near t'), /write a correlation rule/],
    [rule('s: {A: 1}\n  timeframe: 5m\n  condition: s'), /write a correlation rule/],
    [rule(`s: {A: 1}\n  condition: ${'('.repeat(60)}s${')'.repeat(60)}`), /more than 50 brackets/],
    [rule('s: {A: 1, A: 2}\n  condition: s'), /:4:13: key "A" stands twice/],
    ['title: t\ntitle: u', /:2:1: key "title" stands twice/],
    [': : :\n- x', /rule\.yml:\d+:\d+: /],
    ['- a\n- b', /a rule must be a map/],
    ['just text', /a rule must be a map/],
    ['title: t\n<<: {a: b}\nlogsource: {}', /merge keys/],
    ['title: [a]\nlogsource: {}\ndetection: {s: {A: 1}, condition: s}', /"title" must be a text/],
    [
      rule(`s: {A: '${'x'.repeat(70_000)}'}\n  condition: s`),
      /70000 characters; the longest allowed has 65536/,
    ],
    [`title: t\nx: ${'['.repeat(70)}${']'.repeat(70)}`, /nested deeper than 64/],
    [
      `${RULE}\n---\n${RULE.replace('name: one', 'name: two')}`,
      /:7:1: id "r1" already belongs to "t" \(rule\.yml:1\)/,
    ],
    [`${RULE}\n---\n${RULE.replace('id: r1', 'id: r2')}`, /name "one" already belongs/],
    [`${RULE}\n---\ntitle: f\nlogsource: {}\nfilter: {s: {A: 1}, condition: s}`, /"rules" is missing/],
    [
      `${RULE}\n---\ntitle: f\nlogsource: {}\nfilter: {rules: [nobody], s: {A: 1}, condition: s}`,
      /no rule has the id or name "nobody"/,
    ],
    [
      `${RULE}\n---\ntitle: f\nlogsource: {}\nfilter: {rules: any, condition: s}`,
      /a filter needs a selection/,
    ],
    [`${RULE}\n---\ntitle: f\nfilter: {rules: any, s: {A: 1}, condition: s}`, /"logsource" is missing/],
  ];
  for (const [text, cause] of rows) {
    const lines = refusalsOf(text);
    assert.equal(lines.length, 1, `${text.slice(0, 80)}: ${lines.join(' / ')}`);
    assert.match(lines[0] ?? '', cause);
  }
});

test('an alias bomb is refused, and honest anchors are read', () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 9; level += 1) {
    const [before, now] = [String.fromCharCode(96 + level), String.fromCharCode(97 + level)];
    bomb.push(`${now}: &${now} [${Array.from({ length: 10 }, () => `*${before}`).join(', ')}]`);
  }
  assert.match(refusalsOf(`title: t\n${bomb.join('\n')}`)[0] ?? '', /more than 50000 nodes/);
  assert.match(refusalsOf('title: t\na: &a [*a]')[0] ?? '', /nested deeper|no anchor/);
  assert.equal(matches('s: {A: &v x, B: *v}\ncondition: s', { A: 'x', B: 'x' }), true);
});

test('a file of 17 MB is refused without being parsed', () => {
  assert.match(refusalsOf(`title: ${'x'.repeat(17 * 1024 * 1024)}`)[0] ?? '', /more than the 16777216/);
});

test('one bad document does not stop the others of its file', () => {
  const text = `${RULE}\n---\ntitle: bad\nlogsource: {}\ndetection: {s: {A|no: 1}, condition: s}\n---\n${RULE.replaceAll('r1', 'r2').replace('one', 'two')}`;
  assert.equal(refusalsOf(text).length, 1);
});
