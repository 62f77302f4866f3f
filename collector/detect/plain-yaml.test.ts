/** The quick reader says what the parser of the whole language says, or leaves the text to it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { archiveOfOthers, unpackedRules } from '../../test/bench/sigmahq.ts';
import { builtinRules, readRuleFiles } from './pack.ts';
import { readPlainYaml } from './plain-yaml.ts';
import { parseYaml } from './yaml.ts';

/** @returns whether the quick reader took the text; it must then say what the parser says, places included */
function isSame(text: string): boolean {
  const tree = readPlainYaml(text);
  if (!tree) return false;
  assert.deepEqual([{ tree }], parseYaml('r.yml', text), JSON.stringify(text));
  return true;
}

const archive = archiveOfOthers();

test('of 3,755 rules written by others it reads most, each as the parser does', {
  skip: archive ? false : "no archive of other people's rules beside the project (../shared/data/sigma)",
}, (t) => {
  const files = unpackedRules(archive ?? '', t);
  const taken = files.filter(({ text }) => isSame(text)).length;
  t.diagnostic(`${taken} of ${files.length}`);
  assert.ok(taken > 0.8 * files.length, `${taken} of ${files.length}`);
});

test('a rule with any one character changed, left out or put in is read as by the parser, or left to it', (t) => {
  const odd = [
    ...'\'"#:-|>?*&!%@`{}[],~ \n\\\t\r0aé',
    ': ',
    ' #',
    '- ',
    '\n\n',
    '---\n',
    '|\n',
    'null',
    '0x1',
    '\u2028',
  ];
  let seed = 7;
  const random = (below: number) => {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    return (seed >>> 0) % below;
  };
  let taken = 0;
  const texts = readRuleFiles(builtinRules()).map(({ text }) => text.replaceAll('>-', '|'));
  for (const text of [...texts, ...texts.map((one) => (one.split('\n---\n')[1] ?? one).slice(0, 900))])
    for (let count = 0; count < 25; count += 1) {
      const at = random(text.length);
      const put = odd[random(odd.length)] ?? '';
      const changed = [
        text.slice(0, at) + put + text.slice(at),
        text.slice(0, at) + text.slice(at + 1),
        text.slice(0, at) + put + text.slice(at + 1),
      ][count % 3];
      if (isSame(changed ?? '')) taken += 1;
    }
  t.diagnostic(`${taken} changed texts were read by both`);
  assert.ok(taken > 300, String(taken));
});

test('each form of a scalar is read as by the parser, or left to it', () => {
  const forms = [
    ...['a', "'a'", '"a"', "'it''s'", "''", '""', 'a b', 'a # b', "'a' # b", 'a#b', 'a:b', 'a: b', 'a:', '|'],
    ...[
      '1',
      '01',
      '0',
      '-1',
      '+1',
      '1.5',
      '1e3',
      '0x1F',
      '0o7',
      '12345678901234567890',
      '1_000',
      '.5',
      '.inf',
    ],
    ...['true', 'True', 'TRUE', 'false', 'yes', 'null', 'Null', '~', 'nullable', 'trueish', '2024-01-02'],
    ...[
      '2024/01/02',
      '2024-01-02T03:04:05Z',
      '1:30',
      '-',
      '- a',
      '-a',
      '? a',
      '& a',
      '*a',
      '*',
      '!a',
      '%a',
      '@a',
    ],
    ...[
      '`a',
      '[a]',
      '{a: b}',
      '>',
      '>-',
      '|-',
      '<<',
      '=',
      '.',
      '..',
      '\\a',
      '/a',
      '(a',
      'a\\',
      "'a",
      '"a\\n"',
      'a "b"',
    ],
    ...[
      '66e79210-edd9-4936-9850-f6a1701437f7',
      'é',
      'a é',
      "'é'",
      '  a  ',
      'a,b',
      'a]',
      '#a',
      '',
      "'a'b",
      '"a" b',
    ],
  ];
  const taken = forms.filter((form) =>
    [
      `k: ${form}\n`,
      `k:\n  - ${form}\n  - b\n`,
      `k:\n- ${form}\n`,
      `k: ${form}\n  more\nl: m\n`,
      `k:\n  ${form}\n`,
      `${form}: v\n`,
    ].some(isSame),
  );
  assert.ok(taken.length > 30, `${taken.length}`);
});

test('each layout is read as by the parser, or left to it', () => {
  const layouts = [
    'a:\n  b: c\nd: e\n',
    'a:\n   b: c\n  d: e\n',
    'a:\n- b\n- c: d\n  e: f\n-   g: h\n    i: j\n',
    'a:\n  - b: c\n   d: e\n',
    'a: |\n  b\n   c\n\n  d\n\ne: f\n',
    'a: |\n  b\n c\nd: e\n',
    'a: |\n\n  b\n',
    'a: |\n  b\n  # c\n# d\ne: f\n',
    'a: |\n  b',
    'a:\n  - |\n    b\n    c\n  - d\n',
    'a: b\na: c\n',
    'a: b\n\n# c\n  # d\n\ne: f',
    ' a: b\n',
    'a:\n  b\n',
    'a:\n\n\n  - b\n\n  - c\n',
    'a:\nb: c\n',
    'a:\n  - b\nc\n',
    '- a\n- b\n',
    'a:\n  - - b\n',
    'a: b\n...\n',
    'a: b\n---\nc: d\n',
    '# a\nb: c\n',
    '',
    'a: b\u00a0\nc: d\n',
  ];
  assert.ok(layouts.filter(isSame).length > 6);
});
