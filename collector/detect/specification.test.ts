/**
 * The examples of the Sigma specification 2.1.0, as they stand in its prose, with events that it says they match and
 * events that it says they do not.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Fields, itemMatches, loaded, matches, refusalsOf, verdicts } from './asked.ts';
import { lint } from './lint.ts';

const RULE = (head: string) =>
  `title: t\n${head}logsource: { product: linux }\ndetection: { s: { Image: a }, condition: s }\n`;

test('"Yaml File": the example about whoami', () => {
  const rule = `title: Whoami Execution
description: Detects a whoami.exe execution
references:
      - https://speakerdeck.com/heirhabarov/hunting-for-privilege-escalation-in-windows-environment
author: Florian Roth
date: 2019-10-23
logsource:
    category: process_creation
    product: windows
detection:
    selection:
        Image: 'C:\\Windows\\System32\\whoami.exe'
    condition: selection
level: high
`;
  const windows = { category: 'process_creation', product: 'windows' };
  assert.deepEqual(
    verdicts(rule, [
      { '@logsource': windows, Image: 'c:\\windows\\system32\\WHOAMI.EXE' },
      { '@logsource': windows, Image: 'C:\\Windows\\System32\\whoami.exe.bak' },
      { '@logsource': { ...windows, product: 'linux' }, Image: 'C:\\Windows\\System32\\whoami.exe' },
    ]),
    [['Whoami Execution'], [], []],
  );
});

test('"Title", "Status", "Level": what they may say', () => {
  assert.deepEqual(
    refusalsOf(
      RULE('status: stable\nlevel: informational\nlicense: MIT\nfields: [Image]\ncustom: { a: 1 }\n'),
    ),
    [],
  );
  assert.match(refusalsOf(RULE('status: fine\n')).join(), /status "fine" is none of/);
  assert.match(refusalsOf(RULE('level: severe\n')).join(), /level "severe" is none of/);
  assert.match(
    refusalsOf(RULE('').replace('title: t', `title: ${'t'.repeat(257)}`)).join(),
    /Sigma allows 256/,
  );
});

test('"Taxonomy": a taxonomy that is not handled is not taken for the default one', () => {
  assert.deepEqual(refusalsOf(RULE('taxonomy: sigma\n')), []);
  assert.match(
    refusalsOf(RULE('taxonomy: ecs\n')).join(),
    /^rule\.yml:2:1: taxonomy "ecs" is not known; write fields and log sources as Sigma's default taxonomy/,
  );
  const correlation = `${RULE('name: n\n')}---\ntitle: c\ntaxonomy: ecs\ncorrelation: { type: event_count, rules: [n], timespan: 1m, condition: { gte: 1 } }\n`;
  assert.match(refusalsOf(correlation).join(), /taxonomy "ecs" is not known/);
});

test('"LogSource": names are in lower case; written otherwise they mean the same', () => {
  const rule = RULE('').replace('linux', 'Linux');
  const events = ['linux', 'LINUX', 'windows'].map((product) => ({ '@logsource': { product }, Image: 'a' }));
  assert.deepEqual(verdicts(rule, events), [['t'], ['t'], []]);
});

test('"Scope": machines that nobody tells apart here are told by the linter', () => {
  const codes = (text: string) =>
    lint(loaded(text), 'linux').map(({ code, severity }) => `${severity} ${code}`);
  assert.ok(codes(RULE('scope: [server]\n')).includes('note scope'));
  assert.ok(!codes(RULE('')).includes('note scope'));
});

test('"General", "String Wildcard"', () => {
  for (const name of ['progA.exe', 'progB.exe'])
    assert.equal(itemMatches("F: 'prog?.exe'", { F: name }), true);
  for (const name of ['antivirus_V1.exe', 'antivirus_V21.2.1.exe'])
    assert.equal(itemMatches("F: 'antivirus_V*.exe'", { F: name }), true);
  assert.equal(itemMatches("F: 'prog?.exe'", { F: 'prog.exe' }), false);
});

test('"Escape Character": each line of the list', () => {
  const rows: readonly (readonly [string, string, boolean])[] = [
    ["F: 'a\\b'", 'a\\b', true],
    ["F: 'a\\\\b'", 'a\\b', true],
    ["F: 'a\\*b'", 'a*b', true],
    ["F: 'a\\*b'", 'axb', false],
    ["F: 'a\\?b'", 'a?b', true],
    ["F: 'a\\?b'", 'axb', false],
    ["F: 'a\\\\*b'", 'a\\xyzb', true],
    ["F: 'a\\\\*b'", 'a*b', false],
    ["F: 'a\\\\\\*b'", 'a\\*b', true],
    ["F: 'a\\\\\\*b'", 'a\\xb', false],
    ["F: 'a\\\\\\\\b'", 'a\\\\b', true],
    ["F: 'a\\\\\\b'", 'a\\\\b', true],
  ];
  for (const [item, value, expected] of rows)
    assert.equal(itemMatches(item, { F: value }), expected, `${item} on ${value}`);
});

test('"Lists" and "Maps": the four examples', () => {
  const keywords = "keywords:\n    - 'EVILSERVICE'\n    - 'svchost.exe -n evil'\ncondition: keywords";
  assert.equal(matches(keywords, { Message: 'the EvilService began' }), true);
  assert.equal(matches(keywords, { Any: 'run svchost.exe -n evil now' }), true);
  assert.equal(matches(keywords, { Any: 'svchost.exe' }), false);
  const maps = `selection:
    - Image|endswith: '\\\\example.exe'
    - Description|contains: 'Test executable'
condition: selection`;
  assert.equal(matches(maps, { Image: 'C:\\example.exe' }), true);
  assert.equal(matches(maps, { Image: 'x', Description: 'A Test executable.' }), true);
  assert.equal(matches(maps, { Image: 'C:\\example.exe.txt', Description: 'Test' }), false);
  const log =
    'selection:\n    EventLog: Security\n    EventID:\n        - 517\n        - 1102\ncondition: selection';
  assert.equal(matches(log, { EventLog: 'Security', EventID: 1102 }), true);
  assert.equal(matches(log, { EventLog: 'System', EventID: 517 }), false);
  assert.equal(matches(log, { EventLog: 'Security', EventID: 518 }), false);
  const ticket =
    "selection:\n    EventLog: Security\n    EventID: 4769\n    TicketOptions: '0x40810000'\n    TicketEncryption: '0x17'\ncondition: selection";
  const event = {
    EventLog: 'Security',
    EventID: 4769,
    TicketOptions: '0x40810000',
    TicketEncryption: '0x17',
  };
  assert.equal(matches(ticket, event), true);
  assert.equal(matches(ticket, { ...event, TicketEncryption: '0x12' }), false);
});

test('"Special Field Values" and "Field Existence": the examples, the invalid one too', () => {
  const notNull =
    'selection:\n    EventID: 4738\nfilter:\n    PasswordLastSet: null\ncondition: selection and not filter';
  assert.equal(matches(notNull, { EventID: 4738, PasswordLastSet: 'today' }), true);
  assert.equal(matches(notNull, { EventID: 4738, PasswordLastSet: null }), false);
  assert.equal(matches(notNull, { EventID: 4738 }), false);
  const empty = `selection_main:
    FieldA: 'something'
selection_empty1:
    FieldB: ''
selection_empty2:
    FieldB: null
condition: selection_main and 1 of selection_empty*`;
  assert.equal(matches(empty, { FieldA: 'something', FieldB: '' }), true);
  assert.equal(matches(empty, { FieldA: 'something' }), true);
  assert.equal(matches(empty, { FieldA: 'something', FieldB: 'x' }), false);
  const invalid = `title: t\nlogsource: {}\ndetection:\n    selection_main:\n        FieldA: 'something'\n        FieldB:\n            - ''\n            - null\n    condition: selection_main\n`;
  assert.match(refusalsOf(invalid).join(), /null cannot stand in a list of values/);
  const exists = 'selection:\n    EventID: 4738\n    PasswordLastSet|exists: true\ncondition: selection';
  assert.equal(matches(exists, { EventID: 4738, PasswordLastSet: '' }), true);
  assert.equal(
    matches(exists, { EventID: 4738, PasswordLastSet: null }),
    true,
    'its presence, not its value',
  );
  assert.equal(matches(exists, { EventID: 4738 }), false);
});

test('"Placeholders": literal without expand, replaced with it, plain where the percent sign is escaped', () => {
  const values = new Map([['name', ['srv*', 'web1']]]);
  assert.equal(itemMatches("field: '%name%'", { field: '%name%' }, values), true);
  assert.equal(itemMatches("field|expand: '%name%'", { field: 'srv17' }, values), true);
  assert.equal(itemMatches("field|expand: '%name%'", { field: 'web1' }, values), true);
  assert.equal(itemMatches("field|expand: '%name%'", { field: '%name%' }, values), false);
  assert.equal(itemMatches("field|expand: '\\%plain%name%'", { field: '%plainweb1' }, values), true);
  assert.match(
    refusalsOf("title: t\nlogsource: {}\ndetection: { s: { F|expand: '%Servers%' }, condition: s }\n").join(),
    /placeholder %Servers% has no value/,
  );
});

test('%TransferUtilities% has values of its own, which whoever runs the rules may replace', () => {
  const item = "Image|expand: '%TransferUtilities%'";
  assert.equal(itemMatches(item, { Image: '/opt/tools/rclone' }), true);
  assert.equal(itemMatches(item, { Image: '/usr/bin/git' }), false);
  const values = new Map([['TransferUtilities', ['*/git']]]);
  assert.equal(itemMatches(item, { Image: '/usr/bin/git' }, values), true);
  assert.equal(itemMatches(item, { Image: '/opt/tools/rclone' }, values), false);
});

test('"Keywords search": OR, and AND with |all', () => {
  const or = "mimikatz_keywords:\n    - 'event::clear'\n    - 'event::drop'\ncondition: mimikatz_keywords";
  assert.equal(matches(or, { a: 'x', b: 'do event::drop now' }), true);
  const and =
    "keywords_cmdlet:\n    '|all':\n        - 'OabVirtualDirectory'\n        - ' -ExternalUrl '\ncondition: keywords_cmdlet";
  assert.equal(matches(and, { a: 'Set-OabVirtualDirectory', b: 'x -ExternalUrl y' }), true);
  assert.equal(matches(and, { a: 'Set-OabVirtualDirectory' }), false);
});

test('"Condition": each form of the list', () => {
  const parts =
    'keywords: [k]\nselection1: { A: 1 }\nselection2: { B: 1 }\nfilter: { C: 1 }\n_off: { D: 1 }\n';
  const rows: readonly (readonly [string, Fields, boolean])[] = [
    ['keywords or selection1', { x: 'k' }, true],
    ['1 of them', { D: 1 }, false],
    ['1 of them', { C: 1 }, true],
    ['all of them', { A: 1, B: 1, C: 1, x: 'k' }, true],
    ['all of them', { A: 1, B: 1, x: 'k' }, false],
    ['all of selection*', { A: 1, B: 1 }, true],
    ['1 of selection* and keywords', { A: 1, x: 'k' }, true],
    ['1 of selection* and keywords', { A: 1 }, false],
    ['1 of selection* and not 1 of filter*', { A: 1 }, true],
    ['1 of selection* and not 1 of filter*', { A: 1, C: 1 }, false],
    ['keywords and not filter', { x: 'k' }, true],
    ['selection1 and (keywords or selection2)', { A: 1, B: 1 }, true],
    // Least to most binding: or, and, not.
    ['selection1 or selection2 and filter', { A: 1 }, true],
    ['not selection1 and selection2', { B: 1 }, true],
    ['not (selection1 and selection2)', { B: 1 }, true],
  ];
  for (const [condition, event, expected] of rows)
    assert.equal(matches(`${parts}condition: ${condition}`, event), expected, condition);
  assert.equal(
    matches(`${parts}condition:\n    - selection1\n    - selection2`, { B: 1 }),
    true,
    'a list is OR',
  );
});

test('"Modifiers": the examples of encodings and networks', () => {
  // 63 00 6d 00 64 00; 00 63 00 6d 00 64; FF FE 63 00 6d 00 64 00
  for (const [modifier, bytes] of [
    ['utf16le', [0x63, 0, 0x6d, 0, 0x64, 0]],
    ['wide', [0x63, 0, 0x6d, 0, 0x64, 0]],
    ['utf16be', [0, 0x63, 0, 0x6d, 0, 0x64]],
    ['utf16', [0xff, 0xfe, 0x63, 0, 0x6d, 0, 0x64, 0]],
  ] as const)
    assert.equal(
      itemMatches(`F|${modifier}|base64|cased: cmd`, { F: Buffer.from(bytes).toString('base64') }),
      true,
      modifier,
    );
  for (const before of ['', 'x', 'xy'])
    assert.equal(
      itemMatches('F|base64offset|contains: somewhere', {
        F: Buffer.from(`${before}somewhere else`).toString('base64'),
      }),
      true,
      `${before.length} bytes before`,
    );
  assert.equal(itemMatches('DestinationIp|cidr: 10.0.0.0/8', { DestinationIp: '10.255.0.1' }), true);
  assert.equal(itemMatches('DestinationIp|cidr: 10.0.0.0/8', { DestinationIp: '11.0.0.1' }), false);
  assert.equal(itemMatches('DestinationIp|cidr: 2001:db8::/32', { DestinationIp: '2001:DB8::1' }), true);
  for (const dash of '-/\u2013\u2014\u2015')
    assert.equal(itemMatches("F|windash|contains: ' -f '", { F: `x ${dash}f y` }), true, dash);
});

test('"Sigma Filters": the example, with the polarity that tools give it', () => {
  const rule = (id: string) =>
    `title: ${id}\nid: ${id}\nlogsource: { category: process_creation, product: windows }\ndetection: { s: { Image: rar }, condition: s }\n---\n`;
  const filter = (condition: string) => `title: Filter Administrator account
description: The valid administrator account start with adm_
logsource:
    category: process_creation
    product: windows
filter:
    rules:
        - 6f3e2987-db24-4c78-a860-b4f4095a7095 # Data Compressed - rar.exe
    selection:
        User|startswith: 'adm_'
    condition: ${condition}
`;
  const rules = rule('6f3e2987-db24-4c78-a860-b4f4095a7095') + rule('df0841c0-9846-4e9f-ad8a-7df91571771b');
  const events = [
    { Image: 'rar', User: 'adm_ada' },
    { Image: 'rar', User: 'ada' },
  ];
  assert.deepEqual(verdicts(rules + filter('not selection'), events), [
    ['df0841c0-9846-4e9f-ad8a-7df91571771b'],
    ['6f3e2987-db24-4c78-a860-b4f4095a7095', 'df0841c0-9846-4e9f-ad8a-7df91571771b'],
  ]);
  const written = loaded(rules + filter('selection'));
  assert.ok(lint(written, 'windows').some(({ code }) => code === 'filter-without-not'));
});
