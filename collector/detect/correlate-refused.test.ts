/** Correlations that must be refused, with file, line and mend. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusalsOf } from './asked.ts';
import { base, correlation } from './correlate-words.ts';

test('a correlation that must be refused is refused with file, line and mend', () => {
  const of = (body: string) => `${base('a', 'b')}\n${correlation(body)}`;
  const tail = 'group-by: [U]\ntimespan: 1m';
  const rows: readonly (readonly [string, RegExp])[] = [
    [
      of(`type: event_cound\nrules: [a]\n${tail}\ncondition: {gte: 1}`),
      /unknown correlation type "event_cound"; did you mean "event_count"\?/,
    ],
    [
      of('type: event_count\nrules: [a]\ngroupby: [U]\ntimespan: 1m\ncondition: {gte: 1}'),
      /:15:5: unknown key "groupby" in the correlation; did you mean "group-by"\?/,
    ],
    [
      of(`type: event_count\nrules: [a]\nwindow: sliding\n${tail}\ncondition: {gte: 1}`),
      /unknown key "window" in the correlation; it has type, rules, group-by/,
    ],
    [of(`rules: [a]\n${tail}\ncondition: {gte: 1}`), /"type" is missing/],
    [of(`type: event_count\n${tail}\ncondition: {gte: 1}`), /"rules" is missing/],
    [of(`type: event_count\nrules: []\n${tail}\ncondition: {gte: 1}`), /"rules" is empty/],
    [
      of(`type: event_count\nrules: [x]\n${tail}\ncondition: {gte: 1}`),
      /:14:13: no rule has the id or name "x"/,
    ],
    [of(`type: event_count\nrules: [a, a]\n${tail}\ncondition: {gte: 1}`), /stands twice/],
    [of(`type: event_count\nrules: [a]\n${tail}`), /needs a condition/],
    [of(`type: event_count\nrules: [a]\n${tail}\ncondition: {}`), /compares with nothing/],
    [of(`type: event_count\nrules: [a]\n${tail}\ncondition: {gte: many}`), /"gte" takes a number/],
    [
      of(`type: event_count\nrules: [a]\n${tail}\ncondition: {ge: 1}`),
      /unknown key "ge" in the condition; did you mean "gte"\?|did you mean/,
    ],
    [
      of(`type: event_count\nrules: [a]\n${tail}\ncondition: {gte: 1, field: U}`),
      /event_count correlation has no "field"/,
    ],
    [of(`type: value_count\nrules: [a]\n${tail}\ncondition: {gte: 1}`), /needs "field"/],
    [of(`type: value_sum\nrules: [a]\n${tail}\ncondition: {gte: 1, field: [A, B]}`), /takes one field/],
    [
      of(`type: value_sum\nrules: [a]\n${tail}\ncondition: {gte: 1, field: A, percentile: 5}`),
      /"percentile" belongs to value_percentile/,
    ],
    [
      of(`type: value_percentile\nrules: [a]\n${tail}\ncondition: {gte: 1, field: A, percentile: 101}`),
      /from 0 to 100/,
    ],
    [of('type: event_count\nrules: [a]\ngroup-by: [U]\ncondition: {gte: 1}'), /"timespan" is missing/],
    ...['10', '0m', 'm', '5x', '-5m', '1.5h', '1H', '1m30s'].map(
      (timespan) =>
        [
          of(`type: event_count\nrules: [a]\ngroup-by: [U]\ntimespan: '${timespan}'\ncondition: {gte: 1}`),
          /is no number followed by/,
        ] as const,
    ),
    [
      of('type: event_count\nrules: [a]\ngroup-by: [U]\ntimespan: 400d\ncondition: {gte: 1}'),
      /longer than a year/,
    ],
    [of(`type: event_count\nrules: [a]\n${tail}\ncondition: a and b`), /as text only for type temporal/],
    [of(`type: temporal\nrules: [a, b]\n${tail}\ncondition: a and x`), /names "x", which is not in "rules"/],
    [of(`type: temporal\nrules: [a, b]\n${tail}\ncondition: a and`), /ends where a rule must follow/],
    [of(`type: temporal\nrules: [a, b]\n${tail}\naliases: {x: {zz: f}}`), /alias "x" names "zz"/],
    [
      of('type: temporal\nrules: [a, b]\ngroup-by: [x]\ntimespan: 1m\naliases: {x: {a: f}}'),
      /alias "x" has no field for "b"/,
    ],
    [
      of(`type: event_count\nrules: [a]\n${tail}\ncondition: {gte: 1}\ngenerate: maybe`),
      /"generate" is true or false/,
    ],
  ];
  for (const [text, cause] of rows) {
    const lines = refusalsOf(text);
    assert.equal(lines.length, 1, `${text}\n${lines.join('\n')}`);
    assert.match(lines[0] ?? '', cause, text);
    assert.match(lines[0] ?? '', /^rule\.yml:\d+:\d+: /);
  }
});

test('correlations in a circle are refused, each one, and the others are not', () => {
  const one = (name: string, refersTo: string) =>
    correlation(
      `type: event_count\nrules: [${refersTo}]\ngroup-by: [U]\ntimespan: 1m\ncondition: {gte: 1}`,
      `title: ${name}\nname: ${name}`,
    );
  const text = `${base('a')}\n${one('x', 'y')}\n${one('y', 'z')}\n${one('z', 'x')}\n${one('self', 'self')}\n${one('good', 'a')}\n${one('late', 'x')}`;
  const lines = refusalsOf(text);
  assert.equal(lines.length, 5, lines.join('\n'));
  assert.equal(lines.filter((line) => /circle/.test(line)).length, 4);
  assert.ok(lines.some((line) => /"x" .* was refused/.test(line)));
});

test('a correlation whose rule was refused is refused and names it', () => {
  const text = `title: bad\nname: bad\nlogsource: {}\ndetection: {s: {A|no: 1}, condition: s}\n${correlation('type: event_count\nrules: [bad]\ngroup-by: [U]\ntimespan: 1m\ncondition: {gte: 1}')}`;
  assert.match(refusalsOf(text)[1] ?? '', /no rule has the id or name "bad"/);
});
