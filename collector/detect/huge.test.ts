/** No event, however hostile, makes the engine work more than is stated here. Work is counted, not timed. */

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { dearestEvent } from '../../test/bench/hostile.ts';
import { archiveOfOthers, unpackedRules } from '../../test/bench/sigmahq.ts';
import { TextFinder } from './aho-corasick.ts';
import { MAX_EVENT_CHARS, MAX_STATE_UNITS, MAX_STEPS } from './allowance.ts';
import { itemMatches, matches, refusalsOf } from './asked.ts';
import { createEngine } from './engine.ts';
import { joined, MAX_ELEMENTS, MAX_LIST_CHARS, MAX_VALUE_CHARS, shorten } from './huge.ts';
import { loadRuleSet } from './load.ts';
import { builtinRules, readRuleFiles } from './pack.ts';
import { readPlaceholders } from './placeholder-file.ts';
import { includesText } from './search.ts';
import { JsonSource, View } from './view.ts';

/** The most characters of long texts the engine may go through for one event, each look counted. */
const MAX_WORK = 32 * MAX_VALUE_CHARS;

test('a huge value made of all texts that the built-in rules look for is gone through at most 32 times', (t) => {
  const { detections } = loadRuleSet(readRuleFiles(builtinRules()), readPlaceholders(builtinRules()));
  const most = dearestEvent(detections);
  t.diagnostic(JSON.stringify(most));
  assert.ok(most.work <= MAX_WORK, JSON.stringify(most));
  assert.ok(most.work >= MAX_VALUE_CHARS, 'no event was looked at');
});

const archive = archiveOfOthers();

test('nor do 248 Linux rules written by others go through it more often', {
  skip: archive ? false : "no archive of other people's rules beside the project (../shared/data/sigma)",
}, (t) => {
  const files = unpackedRules(archive ?? '', t).filter(({ text }) => /^ {4}product: linux/m.test(text));
  const most = dearestEvent(loadRuleSet(files).detections);
  t.diagnostic(JSON.stringify(most));
  assert.ok(most.work <= MAX_WORK, JSON.stringify(most));
});

test('the work for a long value does not grow with the number of rules that look for a text in it', () => {
  const rulesFor = (count: number) =>
    Array.from(
      { length: count },
      (_, number) =>
        `title: r${number}\nlogsource: {}\ndetection: { s: { F|contains: n${number}x, G|contains: g${number}x }, condition: s }`,
    ).join('\n---\n');
  const workOf = (count: number) => {
    const engine = createEngine(loadRuleSet([{ file: 'r.yml', text: rulesFor(count) }]).detections);
    const view = new View();
    const text = Array.from({ length: count }, (_, number) => `n${number}x g${number}x`).join(' ');
    const value = `${text} `.repeat(Math.ceil(MAX_VALUE_CHARS / text.length));
    view.show(new JsonSource(engine.fields).of({ F: value, G: value }));
    assert.equal(engine.match(view, engine.route(undefined)).length, count);
    return view.work;
  };
  assert.equal(workOf(400), workOf(40));
});

test('of a huge value the beginning and the end are looked at, and nothing fits across what is left out', () => {
  const long = 'x'.repeat(3 * MAX_VALUE_CHARS);
  const rows: readonly (readonly [string, string, boolean])[] = [
    ["F|startswith: 'begin'", `begin${long}end`, true],
    ["F|endswith: 'end'", `begin${long}end`, true],
    ["F|contains: 'begin'", `begin${long}end`, true],
    ["F|contains: 'needle'", `${long}needle${long}`, false],
    ["F|re: 'needle'", `${long}needle${long}`, false],
    ["F|re: '^begin.*end$'", `begin${long}end`, true],
    ["F|re: '^[a-z]*$'", `begin${long}end`, false],
    ["F: 'begin*end'", `begin${long}end`, true],
  ];
  for (const [item, value, expected] of rows) assert.equal(itemMatches(item, { F: value }), expected, item);
  const last = `${'x'.repeat(MAX_VALUE_CHARS - 6)}needle`;
  assert.equal(itemMatches("F|contains: 'needle'", { F: last }), true, 'a value at the limit is whole');
});

test('of a long list the first and last elements are looked at, each by its share', () => {
  const list = Array.from({ length: 3 * MAX_ELEMENTS }, (_, number) => `e${number}`);
  assert.equal(itemMatches("F: 'e0'", { F: list }), true);
  assert.equal(itemMatches(`F: 'e${list.length - 1}'`, { F: list }), true);
  assert.equal(itemMatches(`F: 'e${MAX_ELEMENTS}'`, { F: list }), false);
  const kept = shorten(list.map((element) => `${element} `.repeat(10_000))) as string[];
  assert.ok(kept.join('').length <= MAX_LIST_CHARS + 2 * kept.length);
});

test('a long list joined to a text is seen as if all of it had been joined', () => {
  const half = MAX_VALUE_CHARS / 2;
  for (const lengths of [[1], [2, 3], [30], [half], [0], [half - 1, 1], [7, 500, 0]])
    for (const count of [10, MAX_ELEMENTS + 1, 2 * MAX_ELEMENTS, 20_000]) {
      const list = Array.from({ length: count }, (_, place) =>
        String(place)
          .repeat(half)
          .slice(0, lengths[place % lengths.length]),
      );
      const whole = list.join(' ');
      if (whole.length > 50_000_000) continue;
      assert.equal(shorten(joined(list, ' ')), shorten(whole), `${count} of ${lengths}`);
    }
  assert.ok(joined(Array(500_000).fill('abc'), ' ').length < 1.1 * MAX_VALUE_CHARS);
});

test('what a field with a reference costs is bounded: texts of one letter, lists of a thousand', () => {
  const text = 'a'.repeat(30_000);
  assert.equal(itemMatches('F|fieldref|contains: G', { F: text, G: `${'a'.repeat(15_000)}b` }), false);
  assert.equal(itemMatches('F|fieldref|contains: G', { F: `${text}b`, G: `${'a'.repeat(15_000)}b` }), true);
  assert.equal(itemMatches('F|fieldref: G', { F: ['x', 'y'], G: ['z', 'Y'] }), true);
});

test('a search for a long text finds what the plain search finds', () => {
  let seed = 7;
  const letters = (count: number): string => {
    let text = '';
    while (text.length < count) {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      text += seed % 17 === 0 ? 'b' : 'a';
    }
    return text;
  };
  let found = 0;
  for (let round = 0; round < 300; round += 1) {
    const text = letters(400);
    const start = round % 300;
    const wanted = round % 2 === 0 ? text.slice(start, start + 70) : letters(66);
    assert.equal(includesText(text, wanted), text.includes(wanted));
    if (text.includes(wanted)) found += 1;
  }
  assert.ok(found > 100 && found < 300, `${found} of 300 stand in their text`);
});

test('the automaton finds what a plain search finds, with a row for every state and without', () => {
  const few = ['a', 'ab', 'bab', 'bc', 'bca', 'c', 'caa', 'ſ'];
  const many = Array.from({ length: 3_000 }, (_, number) => `${number.toString(7)}-${number.toString(3)}é`);
  const texts = ['abccab', 'xbabcaax', '', 'ſa', `${many[17]}${many[2_999]}`, '12-12-120é0-0é'];
  for (const needles of [few, [...few, ...many]]) {
    const finder = new TextFinder(needles);
    for (const text of texts) {
      const found = finder.found.slice(0, finder.find(text));
      const expected = [...needles.keys()].filter((number) => text.includes(needles[number] ?? ''));
      assert.deepEqual(
        [...found].sort((one, other) => one - other),
        expected,
        JSON.stringify(text),
      );
    }
  }
});

test('the automaton tells each text once, also when it has searched so often that it counts anew', () => {
  const finder = new TextFinder(['a', 'ab'], 3);
  for (let search = 0; search < 10; search += 1) {
    assert.equal(finder.find('abab'), 2, `search ${search}`);
    assert.deepEqual([...finder.found], [0, 1]);
  }
});

test('a keyword stands in an event of many values only among the first of them', () => {
  const keyword = 'k: [needle]\ncondition: k';
  const many = (place: number) =>
    Object.fromEntries(
      Array.from({ length: 10_000 }, (_, number) => [`f${number}`, number === place ? 'needle' : 'x']),
    );
  assert.equal(matches(keyword, many(4_000)), true);
  assert.equal(matches(keyword, many(5_000)), false);
});

/** The copy of the library that the engine has loaded. */
const { RE2JS } = createRequire(import.meta.url)('re2js') as typeof import('re2js');

/** Texts of a and b in no order: the states that one needs are of no use to the next. */
function* textsOfTwoLetters(count: number): Generator<string> {
  let seed = 11;
  for (let number = 0; number < count; number += 1) {
    let text = '';
    while (text.length < MAX_VALUE_CHARS) {
      // Marsaglia's xorshift: no run of 300 comes again.
      seed ^= seed << 13;
      seed ^= seed >>> 17;
      seed ^= seed << 5;
      text += (seed & 1) === 0 ? 'a' : 'b';
    }
    yield text;
  }
}

test('five expressions that need a state for each character make no more than an event may cost', (t) => {
  const { re2Input } = RE2JS.compile('x');
  // The library's own makers of states, and what it falls back on: counted there, not where the engine counts.
  const made = t.mock.method(Object.getPrototypeOf(re2Input.dfa), 'makeState');
  const slow = t.mock.method(Object.getPrototypeOf(re2Input), 'doExecuteNFA');
  for (const source of ['(a|b)*a(a|b){20}$', 'a(a|b){100}$', 'a(a|b){300}$']) {
    const size = RE2JS.compile(source).programSize();
    const rules = Array.from(
      { length: 5 },
      (_, number) =>
        `title: r${number}\nlogsource: {}\ndetection: { s: { F|re: 'x{${number + 1}}y|${source}' }, condition: s }`,
    ).join('\n---\n');
    const engine = createEngine(loadRuleSet([{ file: 'r.yml', text: rules }]).detections);
    const route = engine.route(undefined);
    assert.equal(route.rules.length, 5);
    const view = new View();
    const look = (value: unknown) => {
      made.mock.resetCalls();
      slow.mock.resetCalls();
      view.show(new JsonSource(engine.fields).of({ F: value }));
      engine.match(view, route);
    };
    const [first = '', ...rest] = textsOfTwoLetters(4);
    // The first long text is when an expression is found to need many states.
    look(first);
    for (const text of rest)
      for (const value of [text, text.match(/.{1,32}/g)]) {
        look(value);
        const calls = made.mock.callCount();
        t.diagnostic(`${source}: ${calls} states of ${size} instructions`);
        assert.equal(slow.mock.callCount(), 0, source);
        assert.ok(calls > 0, `${source}: no state was made`);
        assert.ok(calls * size < 1.2 * MAX_STATE_UNITS, `${source}: ${calls} states of ${size} instructions`);
        if (value === text) assert.ok(view.leftOut.size > 0, `${source}: what was left out is not told`);
      }
  }
});

test('an expression that needs few states looks at the whole of a long value, however large it is', () => {
  const words = Array.from({ length: 400 }, (_, number) => `word${number}z`).join('|');
  const half = 'w or d '.repeat(2_000);
  assert.equal(itemMatches(`F|re: '${words}'`, { F: `${half}word399z${half}` }), true);
  assert.equal(itemMatches(`F|re: '${words}'`, { F: `${half}word400z${half}` }), false);
});

test('of a long value an expression that needs many states sees the beginning and the end', () => {
  const long = 'ab'.repeat(10_000);
  const item = "F|re: 'c[ab](a|b)*a(a|b){20}|e(a|b)*a(a|b){20}d$'";
  const needed = `aa${'b'.repeat(20)}`;
  assert.equal(itemMatches(item, { F: `c${needed}${long}` }), true);
  assert.equal(itemMatches(item, { F: `${long}e${needed}d` }), true);
});

test('an expression of which an event could not afford 64 characters is refused, and a large cheap one is not', () => {
  const refused = refusalsOf(
    "title: t\nlogsource: {}\ndetection:\n  s:\n    F|re: 'a(a|b){990}$'\n  condition: s\n",
  );
  assert.equal(refused.length, 1);
  assert.match(refused[0] ?? '', /^rule\.yml:5:\d+: .*needs so many states.*make its repetitions smaller/);
  assert.equal(itemMatches("F|re: '.{1000,}'", { F: 'x'.repeat(1_000) }), true);
  const words = Array.from({ length: 800 }, (_, number) => `word${number}z`).join('|');
  assert.equal(itemMatches(`F|re: '${words}'`, { F: 'word799z' }), true);
});

/** Events of which every field is as dear as it can be, for as many fields as rules look at. */
function dearRules(count: number, item: (number: number) => string): string {
  return Array.from(
    { length: count },
    (_, number) => `title: r${number}\nlogsource: {}\ndetection: { s: { ${item(number)} }, condition: s }`,
  ).join('\n---\n');
}

test('what a list costs does not grow with the rules that look at it, wherever in an element they look', () => {
  const workOf = (count: number) => {
    const items = (number: number) =>
      [`F: e${number}`, `F|startswith: e${number}`, `F|endswith: e${number}`, `F|contains: e${number}`][
        number % 4
      ] ?? '';
    const engine = createEngine(loadRuleSet([{ file: 'r.yml', text: dearRules(count, items) }]).detections);
    const view = new View();
    const list = Array.from({ length: MAX_ELEMENTS }, (_, number) => `e${number}`.padEnd(40, '.'));
    view.show(new JsonSource(engine.fields).of({ F: [...list, ...list.slice(0, 9)] }));
    engine.match(view, engine.route(undefined));
    return view.work;
  };
  assert.equal(workOf(800), workOf(80));
});

test('in a long list a text is found within, at the beginning, at the end and as the whole of one element only', () => {
  const rest = Array.from({ length: 40 }, (_, number) => `x${number}`);
  const list = (...elements: string[]) => ({ F: [...rest, ...elements, ...rest] });
  const rows: readonly (readonly [string, Record<string, unknown>, boolean])[] = [
    ["F: 'needle'", list('Needle'), true],
    ["F: 'needle'", list('needles', 'aneedle'), false],
    ["F: ''", list(''), true],
    ["F: ''", list('a'), false],
    ["F: ['', b]", list('b'), true],
    ["F|startswith: 'needle'", list('needles'), true],
    ["F|startswith: 'needle'", list('aneedle'), false],
    ["F|endswith: 'needle'", list('aneedle'), true],
    ["F|endswith: 'needle'", list('needles'), false],
    ["F|contains: 'needle'", list('need', 'le'), false],
    ["F|contains: 'needle'", list('aneedles'), true],
    ["F|contains|all: ['need', 'le']", list('need', 'le'), true],
    // What stands between elements, written into one.
    ["F: 'needle'", list('a\ufffeneedle\ufffea'), false],
    ["F|startswith: 'needle'", list('a\ufffeneedle'), false],
    ["F|endswith: 'needle'", list('needle\ufffea'), false],
    ["F|contains: 'needle'", list('\ufffeneedle'), true],
    ["F|contains: 'a\ufffeb'", list('a\ufffeb'), true],
    ["F|contains: 'a\ufffeb'", list('a', 'b'), false],
    ["F|contains: 'a\uffffb'", list('a\ufffeb'), false],
    ["F: 'a*b?c'", list('axbyc'), true],
    ["F: 'a*b?c'", list('ax', 'byc'), false],
  ];
  for (const [item, event, expected] of rows)
    assert.equal(itemMatches(item, event), expected, `${item} ${JSON.stringify(event.F)}`);
});

test('an event of many long fields is looked at up to a number of characters, each field a little', () => {
  const names = Array.from({ length: 300 }, (_, number) => `F${number}`);
  const text = dearRules(names.length, (number) => `F${number}|contains: end`);
  const engine = createEngine(loadRuleSet([{ file: 'r.yml', text }]).detections);
  const view = new View();
  const event = Object.fromEntries(names.map((name) => [name, `${'x'.repeat(100_000)}end`]));
  view.show(new JsonSource(engine.fields).of(event));
  assert.equal(engine.match(view, engine.route(undefined)).length, names.length, 'the end of each is seen');
  // Folded and searched.
  assert.ok(view.work <= 2 * (MAX_EVENT_CHARS + MAX_VALUE_CHARS), String(view.work));
  assert.equal(view.leftOut.size, names.length);
});

test('tests that go through values by themselves are made as far as the steps go, and the rest is told', () => {
  const text = dearRules(200, (number) => `F|re: 'x+${number}$'`);
  const engine = createEngine(loadRuleSet([{ file: 'r.yml', text }]).detections);
  const view = new View();
  for (const value of ['x'.repeat(MAX_VALUE_CHARS), Array.from({ length: 1_000 }, () => 'xxxx')]) {
    view.show(new JsonSource(engine.fields).of({ F: value }));
    engine.matchPlainly(view, engine.route(undefined));
    assert.match([...view.leftOut.values()].join(), /not every test was made/);
    assert.ok(view.work <= MAX_STEPS + 3 * MAX_VALUE_CHARS, String(view.work));
  }
  view.show(new JsonSource(engine.fields).of({ F: `x${'x'.repeat(500)}7` }));
  assert.equal(engine.matchPlainly(view, engine.route(undefined)).length, 1);
  assert.equal(view.leftOut.size, 0, 'an ordinary event affords two hundred expressions');
});

test('the sides of one event share what it may cost', () => {
  const text = dearRules(2, (number) => `F${number}|contains: x`);
  const engine = createEngine(loadRuleSet([{ file: 'r.yml', text }]).detections);
  const view = new View();
  const source = new JsonSource(engine.fields).of({ F0: 'x'.repeat(30_000), F1: 'x'.repeat(30_000) });
  view.show(source);
  engine.match(view, engine.route(undefined));
  assert.equal(view.leftOut.size, 0);
  for (let side = 0; side < 3; side += 1) {
    view.showAlso(source);
    engine.match(view, engine.route(undefined));
  }
  assert.equal(view.leftOut.size, 2);
  view.show(source);
  engine.match(view, engine.route(undefined));
  assert.equal(view.leftOut.size, 0, 'the next event has its own');
});
