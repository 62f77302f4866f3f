/** Field modifiers, case by case from the modifiers appendix of Sigma 2.1. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { itemMatches, refusalsOf } from './asked.ts';

type Case = readonly [item: string, value: unknown, expected: boolean];

/** Each case is an item about field F and a value of F; undefined leaves F out. */
function cases(title: string, rows: readonly Case[]): void {
  test(title, () => {
    for (const [item, value, expected] of rows) {
      const event = value === undefined ? { other: 1 } : { F: value };
      assert.equal(itemMatches(item, event), expected, `${item} on ${JSON.stringify(value)}`);
    }
  });
}

function refused(title: string, rows: readonly (readonly [item: string, cause: RegExp])[]): void {
  test(title, () => {
    for (const [item, cause] of rows) {
      const lines = refusalsOf(`title: t\nlogsource: {}\ndetection:\n  sel:\n    ${item}\n  condition: sel`);
      assert.equal(lines.length, 1, item);
      assert.match(lines[0] ?? '', /^rule\.yml:\d+:\d+: /);
      assert.match(lines[0] ?? '', cause, item);
    }
  });
}

cases('a plain value is compared whole and without case', [
  ["F: 'Abc'", 'abc', true],
  ["F: 'abc'", 'ABC', true],
  ["F: 'abc'", 'xabc', false],
  ["F: 'abc'", 'abcx', false],
  ["F: 'ÄÖÜ'", 'äöü', true],
  ["F: 'ΣΑΣ'", 'σας', true],
  ["F|contains: 'ΑΣ'", 'x ΑΣΑ x', true],
  ["F: 'abc'", undefined, false],
  ["F: 'abc'", null, false],
]);

cases('contains puts wildcards around, startswith after, endswith before', [
  ["F|contains: 'b'", 'abc', true],
  ["F|contains: 'B'", 'abc', true],
  ["F|contains: ''", 'abc', true],
  ["F|contains: 'x'", 'abc', false],
  ["F|startswith: 'ab'", 'abc', true],
  ["F|startswith: 'bc'", 'abc', false],
  ["F|endswith: 'bc'", 'abc', true],
  ["F|endswith: 'ab'", 'abc', false],
  ["F|contains: 'a*c'", 'xabcx', true],
  ["F|startswith: 'a?c'", 'abcd', true],
  ["F|endswith: '\\cmd.exe'", 'C:\\Windows\\cmd.exe', true],
  ['F|contains: 443', 'port 4430', true],
  ['F|startswith: 44', 443, true],
]);

cases('all asks for every value of the list, in any order', [
  ["F|contains|all: ['a', 'b']", 'b a', true],
  ["F|contains|all: ['a', 'b']", 'a', false],
  ["F|all: ['*a*', '*b*']", 'ab', true],
  ["F|all|contains: ['a', 'b']", 'ab', true],
  ["F|contains|all: ['a', 'b']", ['a', 'b'], true],
  ["F|contains|all: ['a', 'b']", ['a', 'c'], false],
]);

cases('exists asks for the field, not for its value', [
  ['F|exists: true', 'x', true],
  ['F|exists: true', '', true],
  ['F|exists: true', null, true],
  ['F|exists: true', undefined, false],
  ['F|exists: false', undefined, true],
  ['F|exists: false', null, false],
  ['F|exists|neq: true', undefined, true],
]);

cases('cased compares with case, also with contains, startswith and endswith', [
  ["F|cased: 'Abc'", 'Abc', true],
  ["F|cased: 'Abc'", 'abc', false],
  ["F|contains|cased: 'B'", 'aBc', true],
  ["F|contains|cased: 'B'", 'abc', false],
  ["F|cased|startswith: 'A'", 'abc', false],
  ["F|cased: 'A*'", 'Abc', true],
  ["F|cased: ['x', 'Abc']", 'abc', false],
]);

cases('neq is true when none of the values fits, also where the field is absent', [
  ["F|neq: 'a'", 'b', true],
  ["F|neq: 'a'", 'A', false],
  ["F|neq: ['a', 'b']", 'c', true],
  ["F|neq: ['a', 'b']", 'b', false],
  ["F|neq: 'a'", undefined, true],
  ["F|contains|neq: 'a'", 'bab', false],
  ["F|contains|all|neq: ['a', 'b']", 'a', true],
  ["F|re|neq: '^a'", 'ba', true],
  ['F|neq: 5', 6, true],
  ['F|neq: 5', '5', false],
]);

cases('a regular expression is searched for, with case, and its backslashes are its own', [
  ["F|re: 'b+'", 'abbc', true],
  ["F|re: 'B'", 'abc', false],
  ["F|re: '^a.c$'", 'abc', true],
  ["F|re: '^b'", 'abc', false],
  ["F|re: 'a{2,3}'", 'baab', true],
  ["F|re: '[^a-y]'", 'xyz', true],
  ["F|re: '(a|x)(c|b)'", 'zab', true],
  ["F|re: '\\d\\*'", '1*', true],
  ["F|re: 'a.c'", 'a\nc', false],
  ["F|re|s: 'a.c'", 'a\nc', true],
  ["F|re: '^b'", 'a\nb', false],
  ["F|re|m: '^b$'", 'a\nb\nc', true],
  ["F|re|i: 'ABC'", 'xabcx', true],
  ["F|re|i|s: 'A.C'", 'a\nc', true],
  ["F|re: '(?i)ABC'", 'abc', true],
  ["F|re: ['x', 'b']", 'abc', true],
  ["F|re|all: ['a', 'c']", 'abc', true],
  ["F|re|startswith: 'b|a'", 'abc', true],
  ["F|re|startswith: 'b|c'", 'abc', false],
  ["F|re|endswith: 'b|c'", 'abc', true],
  ["F|re: '^44'", 443, true],
  ["F|re: '.*'", undefined, false],
]);

cases('base64 encodes the value, base64offset finds it at any place of an encoded text', [
  ["F|base64: 'foobar'", 'Zm9vYmFy', true],
  ["F|base64|contains: 'foobar'", 'x Zm9vYmFy x', true],
  ["F|base64|cased: 'foobar'", 'zm9vymfy', false],
  ["F|base64offset|contains: 'foobar'", Buffer.from('foobar').toString('base64'), true],
  ["F|base64offset|contains: 'foobar'", Buffer.from('1foobar').toString('base64'), true],
  ["F|base64offset|contains: 'foobar'", Buffer.from('12foobar3').toString('base64'), true],
  ["F|base64offset|contains: 'foobar'", Buffer.from('123foobar45').toString('base64'), true],
  ["F|base64offset|contains: 'foobar'", Buffer.from('1234fooba').toString('base64'), false],
  ["F|base64offset|contains: 'é€'", Buffer.from('a é€').toString('base64'), true],
]);

cases('utf16 and its kin encode before base64: little end first, big end first, with a byte order mark', [
  ["F|wide|base64: 'cmd'", Buffer.from('cmd', 'utf16le').toString('base64'), true],
  ["F|utf16le|base64: 'cmd'", 'YwBtAGQA', true],
  ["F|utf16be|base64: 'cmd'", 'AGMAbQBk', true],
  ["F|utf16|base64: 'cmd'", Buffer.from([0xff, 0xfe, 0x63, 0, 0x6d, 0, 0x64, 0]).toString('base64'), true],
  ["F|utf16le: 'cmd'", 'c\0m\0d\0', true],
  ["F|utf16be|contains: 'cmd'", 'x\0c\0m\0dx', true],
  ["F|wide|base64offset|contains: 'http'", Buffer.from('x http', 'utf16le').toString('base64'), true],
  ["F|wide|base64: 'é'", Buffer.from('é', 'utf16le').toString('base64'), true],
]);

cases('windash takes any of the five dashes for one that starts a flag, and only for that', [
  ["F|windash|contains: ' -enc '", 'x /enc y', true],
  ["F|windash|contains: ' -enc '", 'x \u2013enc y', true],
  ["F|windash|contains: ' /enc '", 'x \u2014enc y', true],
  ["F|windash|contains: ' \u2015enc '", 'x -enc y', true],
  ["F|windash|contains: ' -enc '", 'x enc y', false],
  ["F|windash|contains: '-a -b -c -d -e'", '/a \u2013b \u2014c \u2015d -e', true],
  ["F|windash|contains: '-param-name'", '/param-name', true],
  ["F|windash|contains: '-param-name'", '-param/name', false],
  ["F|contains|windash: '-foo'", 'a /FOO', true],
  ["F|windash: '-foo'", '/foo', true],
  ["F|windash|endswith: '-foo'", 'x /foo', true],
  ["F|windash|startswith: '-foo'", '/foo x', true],
]);

cases('lt, lte, gt, gte compare numbers, also those written as text', [
  ['F|lt: 5', 4, true],
  ['F|lt: 5', 5, false],
  ['F|lte: 5', 5, true],
  ['F|gt: 5', 6, true],
  ['F|gt: 5', 5, false],
  ['F|gte: 5', 5, true],
  ['F|gte: 5', '5', true],
  ['F|gt: 5', '5.5', true],
  ['F|gt: -1.5', '-1', true],
  ['F|gt: 5', 'six', false],
  ['F|gt: 5', '', false],
  ['F|gt: 5', null, false],
  ['F|gt: 5', undefined, false],
  ['F|gt: 5', true, false],
  ['F|gt: 5', [1, 9], true],
  ['F|gt: 9007199254740992', '9007199254740993', true],
  ['F|gt: 9007199254740993', '9007199254740993', false],
]);

cases('the parts of a date are compared as they are written', [
  ['F|minute: 5', '2026-01-02T03:05:06Z', true],
  ['F|hour: 3', '2026-01-02T03:05:06+09:00', true],
  ['F|day: 2', '2026-01-02 03:05:06', true],
  ['F|month: 1', '2026-01-02', true],
  ['F|year: 2026', '2026-01-02T03:05:06.123Z', true],
  ['F|year: 2025', '2026-01-02', false],
  ['F|week: 1', '2026-01-01', true],
  ['F|week: 53', '2027-01-01', true],
  ['F|week: 2', '2026-01-05', true],
  ['F|hour: [22, 23]', '2026-01-02T23:00:00Z', true],
  ['F|hour|gte: 22', '2026-01-02T23:00:00Z', true],
  ['F|hour|lt: 6', '2026-01-02T06:00:00Z', false],
  ['F|hour: 3', '2026-01-02', false],
  ['F|month: 13', '2026-13-02', false],
  ['F|year: 2023', 1_700_000_000, true],
  ['F|year: 2023', 1_700_000_000_000, true],
  ['F|hour: 22', 1_700_000_000, true],
  ['F|hour: 1', 'yesterday', false],
]);

cases('cidr asks whether an address lies in a network, and an address only', [
  ['F|cidr: 10.0.0.0/8', '10.255.0.1', true],
  ['F|cidr: 10.0.0.0/8', '11.0.0.1', false],
  ['F|cidr: 192.168.1.0/24', '192.168.1.255', true],
  ['F|cidr: 192.168.1.0/24', '192.168.2.0', false],
  ['F|cidr: 0.0.0.0/0', '255.255.255.255', true],
  ['F|cidr: 0.0.0.0/0', '::1', false],
  ['F|cidr: 192.168.1.1', '192.168.1.1', true],
  ['F|cidr: 128.0.0.0/1', '200.1.1.1', true],
  ["F|cidr: 'fd00::/8'", 'fdab::1', true],
  ["F|cidr: 'fd00::/8'", 'fe80::1', false],
  ["F|cidr: '::1/128'", '0:0:0:0:0:0:0:1', true],
  ["F|cidr: 'fe80::/10'", 'fe80::1%eth0', true],
  ['F|cidr: 10.0.0.0/8', '::ffff:10.1.2.3', true],
  ['F|cidr: [10.0.0.0/8, 192.168.0.0/16]', '192.168.3.4', true],
  ['F|cidr: 10.0.0.0/8', 'host', false],
  ['F|cidr: 10.0.0.0/8', '10.0.0', false],
  ['F|cidr: 10.0.0.0/8', '010.0.0.1', false],
  ['F|cidr: 10.0.0.0/8', undefined, false],
  ['F|cidr: 10.0.0.0/8', ['1.1.1.1', '10.0.0.1'], true],
  ['F|cidr|neq: 10.0.0.0/8', '11.0.0.1', true],
]);

test('fieldref compares with another field of the event', () => {
  const rows: readonly (readonly [string, Record<string, unknown>, boolean])[] = [
    ['A|fieldref: B', { A: 'x', B: 'X' }, true],
    ['A|fieldref: B', { A: 'x', B: 'y' }, false],
    ['A|fieldref: B', { A: 'x' }, false],
    ['A|fieldref: B', { B: 'x' }, false],
    ['A|fieldref: B', { A: 443, B: '443' }, true],
    ['A|fieldref: B', { A: ['p', 'q'], B: ['q', 'r'] }, true],
    ['A|fieldref|neq: B', { A: 'x', B: 'y' }, true],
    ['A|fieldref|startswith: B', { A: 'xyz', B: 'xy' }, true],
    ['A|fieldref|endswith: B', { A: 'xyz', B: 'xy' }, false],
    ['A|fieldref|contains: B', { A: 'xyz', B: 'Y' }, true],
    ['A|fieldref|cased: B', { A: 'x', B: 'X' }, false],
    ["A|fieldref: 'b.c'", { A: 'x', b: { c: 'x' } }, true],
  ];
  for (const [item, event, expected] of rows)
    assert.equal(itemMatches(item, event), expected, `${item} ${JSON.stringify(event)}`);
});

test('expand takes the values of a placeholder, which may be several and may hold wildcards', () => {
  const vars = new Map([
    ['servers', ['srv*', 'db?']],
    ['one', ['x']],
    ['dot', ['a.b']],
  ]);
  const rows: readonly (readonly [string, string, boolean])[] = [
    ["F|expand: '%servers%'", 'srv17', true],
    ["F|expand: '%servers%'", 'db1', true],
    ["F|expand: '%servers%'", 'db12', false],
    ["F|expand: 'pre-%one%-post'", 'pre-x-post', true],
    ["F|expand: '%one%%one%'", 'xx', true],
    ["F: '%servers%'", '%servers%', true],
    ["F|expand: '\\%plain%one%'", '%plainx', true],
    ["F|contains|expand: '%one%'", 'axb', true],
    ["F|expand|contains: '%one%'", 'axb', true],
    ["F|expand: '50% of %one%'", '50% of x', true],
    ["F|re|expand: '^%dot%$'", 'a.b', true],
    ["F|re|expand: '^%dot%$'", 'axb', false],
    ["F|re|expand: '^%servers%$'", 'srv1', true],
    ["F|expand|base64: '%one%'", 'eA==', true],
  ];
  for (const [item, value, expected] of rows)
    assert.equal(itemMatches(item, { F: value }, vars), expected, `${item} on ${value}`);
});

test('placeholders that make more alternatives than a rule may have refuse it, and none is cut off in silence', () => {
  const many = (count: number) => Array.from({ length: count }, (_, number) => `v${number}`);
  const vars = new Map([
    ['many', many(10_000)],
    ['more', many(10_001)],
    ['hundred', many(100)],
    ['long', ['x'.repeat(60_000)]],
  ]);
  const refusedWith = (item: string) =>
    refusalsOf(`title: t\nlogsource: {}\ndetection:\n  sel:\n    ${item}\n  condition: sel`, vars).join();
  assert.equal(itemMatches("F|expand: '%many%'", { F: 'v9999' }, vars), true);
  assert.match(refusedWith("F|expand: '%more%'"), /^rule\.yml:5:5: its placeholders make 10001 alternatives/);
  assert.match(
    refusedWith("F|expand: '%many%%many%'"),
    /make 100000000 alternatives, more than 10000; write several/,
  );
  assert.match(refusedWith("F|expand: '%hundred%%long%'"), /more than 4000000 characters; give fewer values/);
  assert.equal(itemMatches("F|re|expand: '^%TransferUtilities%$'", { F: '/usr/bin/curl' }, vars), true);
});

refused('a modifier that does not exist or does not fit is refused, with what would', [
  ["F|endwith: 'x'", /unknown modifier "endwith"; did you mean "endswith"\?/],
  ["F|foo: 'x'", /unknown modifier "foo"/],
  ["F|: 'x'", /unknown modifier ""/],
  ["F|contains|all: 'x'", /"all" needs a list of at least two values/],
  ["F|contains|all: ['x']", /"all" needs a list of at least two values/],
  ["F|exists: 'yes'", /"exists" takes true or false/],
  ['F|exists|contains: true', /"exists" stands alone/],
  ["'|exists': true", /needs a field name/],
  ["F|gt: 'x'", /takes a number/],
  ["F|gt: '5'", /without quotes/],
  ['F|gt|lt: 5', /do not go together/],
  ['F|gt|contains: 5', /do not go together/],
  ["F|contains|re: 'x'", /"re" must come first/],
  ["F|re: '('", /regular expression "\("/],
  ["F|re: '(?=x)'", /no look-around/],
  ["F|re: '(a)\\1'", /no look-around, no back-reference/],
  ["F|i: 'x'", /"i" does not fit/],
  ["F|re|cased: 'x'", /"cased" does not fit/],
  ["F|contains|base64: 'x'", /cannot encode a wildcard; put contains/],
  ["F|base64offset: 'a*'", /cannot encode a wildcard/],
  ["F|wide|utf16be: 'x'", /encoded to UTF-16 once/],
  ["F|cidr: 'banana'", /"banana" is no network/],
  ["F|cidr: '10.0.0.0/33'", /prefix must be a number from 0 to 32/],
  ["F|cidr: '10.0.0.1/8'", /write 10\.0\.0\.0\/8/],
  ["F|cidr: '10.0.0.0/8/8'", /is no network/],
  ["F|contains|cidr: '10.0.0.0/8'", /"cidr" must come first|is no network/],
  ["F|fieldref: 'a*'", /no wildcards/],
  ["F|startswith|fieldref: 'a'", /no wildcards; write startswith, endswith or contains after fieldref/],
  ["F|expand: '%nobody%'", /placeholder %nobody% has no value/],
  ["F|base64|expand: '%x%'", /"expand" must stand before "base64"/],
  ['F|contains: null', /null takes no modifier/],
  ["F: ['a', null]", /null cannot stand in a list/],
  ['F: []', /empty list/],
  ['F: {a: b}', /holds a map/],
  ["F: ['a', ['b']]", /a list within a list/],
]);
