import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOwnLog } from './own-log.ts';

function logAt(level: 'error' | 'warn' | 'info' | 'debug', journal = false) {
  const lines: string[] = [];
  let nowMs = 0;
  const log = createOwnLog(level, { write: (line) => lines.push(line), nowMs: () => nowMs, journal });
  const later = (ms: number) => {
    nowMs += ms;
  };
  return { log, lines, later };
}

test('a line is one JSON object with time, level, message and fields, and lower levels are not written', () => {
  const { log, lines } = logAt('info');
  log.info({ state: '/a\nb' }, 'watching');
  log.debug('not this');
  assert.equal(lines.length, 1);
  assert.ok(lines[0]?.endsWith('\n') && lines[0].indexOf('\n') === lines[0].length - 1);
  assert.deepEqual(JSON.parse(lines[0] ?? ''), {
    time: '1970-01-01T00:00:00.000Z',
    level: 'info',
    message: 'watching',
    state: '/a\nb',
  });
  log.level = 'debug';
  log.debug('this');
  assert.equal(lines.length, 2);
});

test('each line for the journal begins with its syslog priority', () => {
  const { log, lines } = logAt('debug', true);
  log.error('a');
  log.warn('b');
  log.info('c');
  log.debug('d');
  assert.deepEqual(
    lines.map((line) => line.slice(0, 4)),
    ['<3>{', '<4>{', '<6>{', '<7>{'],
  );
});

test('what is said again within a minute is counted, and the count is told with the next', () => {
  const { log, lines, later } = logAt('info');
  for (let time = 0; time < 5; time++) log.warn({ cause: 'ECONNREFUSED' }, 'away');
  log.warn({ cause: 'ETIMEDOUT' }, 'away');
  assert.equal(lines.length, 2);
  later(60_000);
  log.warn({ cause: 'ECONNREFUSED' }, 'away');
  assert.equal(JSON.parse(lines[2] ?? '').repeated, 4);
});

test('of messages that differ each time none is lost, and the oldest repeats are forgotten', () => {
  const { log, lines } = logAt('info');
  for (let number = 0; number < 300; number++) log.info({ number }, 'one');
  assert.equal(lines.length, 300);
  log.info({ number: 0 }, 'one'); // forgotten, so written again
  log.info({ number: 299 }, 'one');
  assert.equal(lines.length, 301);
});
