import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSummary, type ToldEvent } from '../session/summary.ts';
import { reportText } from './report-text.ts';
import { paint } from './terminal.ts';

const SESSION = 'cd'.repeat(16);
const about = (eventName: string): ToldEvent => ({
  eventName,
  timeNs: 0n,
  attributes: { 'session.id': SESSION },
});

const blindTo = (...families: string[]): ToldEvent => ({
  eventName: 'sensor.health',
  timeNs: 0n,
  attributes: { 'spoor.health.blind': families },
});

function lossesLine(events: readonly ToldEvent[], troubles: readonly string[] = []): string | undefined {
  const summing = createSummary(SESSION);
  for (const event of events) summing.add(event);
  const text = reportText(summing.summary(), paint('plain'), troubles);
  return text.split('\n').find((line) => line.startsWith('  losses'));
}

test('a session without loss has lost nothing of what the sensor saw, and no more is claimed', () => {
  const line = lossesLine([about('session.start'), about('session.end')]);
  assert.equal(line, '  losses     none of what the sensor saw');
});

test('a session whose end was not recorded does not say that nothing was lost', () => {
  assert.doesNotMatch(lossesLine([about('session.start')]) ?? '', /none/);
});

test('a log that could not be written does not say that nothing was lost', () => {
  const line = lossesLine([about('session.start'), about('session.end')], ['the log could not be closed']);
  assert.doesNotMatch(line ?? '', /none/);
});

test('a session that ran while the sensor was blind does not say that nothing was lost', () => {
  const line = lossesLine([blindTo('dns.query'), about('session.start'), about('session.end')]);
  assert.equal(line, '  losses     blind for a time to dns.query; see: spoor doctor');
});

test('what a session was blind to stands in its end, for who reads only its own records', () => {
  const end = {
    ...about('session.end'),
    attributes: { 'session.id': SESSION, 'spoor.session.blind': ['file.open'] },
  };
  assert.match(lossesLine([about('session.start'), end]) ?? '', /blind for a time to file\.open/);
});

test('a hand-over names both ends of its connection, and what took the work over', () => {
  const evidence =
    'both ends of tcp 127.0.0.1:46582 to 127.0.0.1:45205; the process at the far one was there before it and serves others too';
  const summing = createSummary(SESSION);
  summing.add({
    ...about('session.handover'),
    attributes: {
      'session.id': SESSION,
      'spoor.handover.way': 'loopback',
      'spoor.session.basis': 'exact',
      'spoor.session.evidence': evidence,
      'spoor.target.executable': '/usr/bin/node',
    },
  });
  const text = reportText(summing.summary(), paint('plain'), []);
  assert.ok(text.includes(`             exact    node  ${evidence}\n`), text);
});
