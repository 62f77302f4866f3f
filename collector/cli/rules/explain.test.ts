/** spoor rules explain: why, for a rule, a correlation and a chain of them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { folderWith, LOGIN, lines, MANY, rules } from './asked.ts';

test('explain names the node that failed, with the value it saw', (t) => {
  const folder = folderWith(t, {
    'r.yml':
      'title: T\nlogsource: {}\ndetection:\n  s: { Image|endswith: /curl, User|cased: Root }\n  condition: s and not f\n  f: { Parent: x }\n',
    'e.jsonl': lines({ Image: '/usr/bin/curl', User: 'root' }),
  });
  const { code, out } = rules(folder, 'explain', '--rules', 'r.yml', '--events', 'e.jsonl', '--rule', 'T');
  assert.equal(code, 1);
  assert.match(out, /\+ Image is "\*\/curl": the value is "\/usr\/bin\/curl"/);
  assert.match(out, /- User is "Root" \(cased\): the value is "root"; it differs in case only/);
  assert.match(out, /- Parent is "x": the field is absent/);
});

test('explain shows the group, the window and the distance to the threshold of a correlation', (t) => {
  const login = (second: number) => ({
    '@timestamp': `2026-01-01T00:00:0${second}Z`,
    EventID: 4625,
    User: 'x',
  });
  const folder = folderWith(t, { 'r.yml': `${LOGIN}---\n${MANY}`, 'e.jsonl': lines(login(0), login(1)) });
  const { code, out } = rules(
    folder,
    'explain',
    '--rules',
    'r.yml',
    '--events',
    'e.jsonl',
    '--rule',
    'many',
    '--json',
  );
  assert.equal(code, 1);
  const said = JSON.parse(out);
  assert.equal(said.fired, false);
  assert.deepEqual(said.inputs, [{ rule: 'login-1', matches: true, group: ['User=x'] }]);
  assert.deepEqual(
    said.window.map((entry: { events: string }) => entry.events),
    ['0', '1'],
  );
  assert.deepEqual(said.distance, ['needs gte 3, is 2, 1 to go']);
});

const CHAIN = `title: Logins again and again
name: again
correlation:
    type: event_count
    rules: [many]
    group-by: [User]
    timespan: 1h
    condition: { gte: 2 }
level: high
`;

function login(minute: number) {
  return {
    '@timestamp': `2026-01-01T00:${String(minute).padStart(2, '0')}:00Z`,
    EventID: 4625,
    User: 'x',
  };
}

test('explain says of a rule that only feeds a correlation that it gives no finding of its own', (t) => {
  const folder = folderWith(t, {
    'r.yml': `${LOGIN}---\n${MANY}---\n${CHAIN}`,
    'e.jsonl': lines(...[0, 1, 2].map(login)),
  });
  const { code, out } = rules(folder, 'explain', '--rules', 'r.yml', '--events', 'e.jsonl');
  assert.equal(code, 0);
  const [detection = '', many = '', again = ''] = out.split(/^(?=\S)/m);
  assert.match(
    detection,
    /^Failed login .*\n {2}shown as .*: matches\n(.*\n)* {2}gives no finding of its own, since a correlation/,
  );
  assert.match(
    many,
    /^Many failed logins \(many\), event 2\n {2}holds on this event, and gives no finding of its own/,
  );
  assert.match(many, /needs gte 3, is 3, 0 to go/);
  assert.match(
    again,
    /^Logins again and again \(again\), event 2\n {2}does not fire on this event\n {4}\+ many, group User=x\n/,
  );
  assert.match(
    again,
    /in the window: 2026-01-01T00:02:00\.000Z many event 0,1,2\n {4}needs gte 2, is 1, 1 to go/,
  );
});

test('explain tells which finding an event is counted in that made its window hold once more', (t) => {
  const folder = folderWith(t, {
    'r.yml': `${LOGIN}---\n${MANY}`,
    'e.jsonl': lines(...[0, 1, 2, 3].map(login)),
  });
  const third = rules(
    folder,
    'explain',
    '--rules',
    'r.yml',
    '--events',
    'e.jsonl',
    '--event',
    '2',
    '--rule',
    'many',
  );
  assert.match(third.out, /\n {2}fires on this event\n/);
  const fourth = rules(folder, 'explain', '--rules', 'r.yml', '--events', 'e.jsonl', '--rule', 'many');
  assert.match(
    fourth.out,
    /\n {2}holds on this event, which is counted in the finding of 2026-01-01T00:02:00\.000Z\n/,
  );
});

test('where no rule matches explain says so, and how to ask why', (t) => {
  const folder = folderWith(t, { 'r.yml': LOGIN, 'e.jsonl': lines({ EventID: 1 }) });
  const { code, out, err } = rules(folder, 'explain', '--rules', 'r.yml', '--events', 'e.jsonl');
  assert.deepEqual({ code, out }, { code: 1, out: '' });
  assert.equal(err, 'no rule matches event 0; --rule NAME tells why one does not\n');
});

test('explain calls null what is null', (t) => {
  const folder = folderWith(t, {
    'r.yml': 'title: T\nlogsource: {}\ndetection: { s: { A: x }, condition: s }\n',
    'e.jsonl': lines({ A: null }),
  });
  const { out } = rules(folder, 'explain', '--rules', 'r.yml', '--events', 'e.jsonl', '--rule', 'T');
  assert.match(out, /- A is "x": the value is null\n/);
});
