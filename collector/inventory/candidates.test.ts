import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Attributes, Event } from '../event.ts';
import { plant } from '../recognise/planted.ts';
import { createCandidates, readCandidates } from './candidates.ts';

const never = (error: Error) => assert.fail(error);

function event(name: Event['name'], attributes: Attributes, second = 0): Event {
  const timeNs = BigInt(Date.UTC(2026, 0, 5, 12, 0, second)) * 1_000_000n;
  return { name, uid: '', timeNs, severity: 5, traceId: '', spanId: '', attributes, seen: undefined };
}

function candidate(program: string, host: string, score: number, second = 0): Event {
  return event(
    'agent.candidate',
    {
      'gen_ai.agent.name': 'unlisted-agent',
      'spoor.agent.root': program,
      'spoor.agent.score': score,
      'spoor.agent.band': score >= 0.3 ? 'low' : 'none',
      'spoor.agent.evidence': [`model_host (verified): ${host}`],
      'process.user.name': 'ann',
      'server.address': host,
    },
    second,
  );
}

test('a candidate told twice is one row: both hosts, the surer judgement, first and last time', (t) => {
  const state = plant(t, {});
  const candidates = createCandidates(state, never);
  candidates.watch([
    candidate('/opt/a.py', 'API.openai.com', 0.59, 1),
    candidate('/opt/a.py', 'x.ai', 0.14, 9),
  ]);
  candidates.close();
  assert.deepEqual(readCandidates(state), [
    {
      agent: 'unlisted-agent',
      program: '/opt/a.py',
      user: 'ann',
      hosts: ['api.openai.com', 'x.ai'],
      score: 0.59,
      band: 'low',
      evidence: ['model_host (verified): API.openai.com'],
      firstTold: '2026-01-05T12:00:01.000Z',
      lastTold: '2026-01-05T12:00:09.000Z',
    },
  ]);
});

test('what is known of candidates outlives the service, and goes when a session of the program or its package begins', (t) => {
  const state = plant(t, {});
  const first = createCandidates(state, never);
  first.watch([
    candidate('/opt/acme/bin/a.js', 'x.ai', 0.3),
    candidate('/opt/acme-other/b.js', 'x.ai', 0.3),
    candidate('/opt/c', 'x.ai', 0.3),
  ]);
  first.close();
  const second = createCandidates(state, never);
  second.watch([
    event('session.start', { 'spoor.agent.root': '/opt/acme' }),
    event('session.start', { 'spoor.agent.root': '/opt/c' }),
    event('session.start', {}),
  ]);
  second.close();
  assert.deepEqual(
    readCandidates(state).map(({ program }) => program),
    ['/opt/acme-other/b.js'],
  );
});

test('of 1,100 candidates the 1,024 told last are kept, and a host told anew comes to the end', (t) => {
  const state = plant(t, {});
  const candidates = createCandidates(state, never);
  for (let count = 0; count < 1_024; count += 1) candidates.watch([candidate(`/opt/${count}`, 'x.ai', 0.3)]);
  candidates.watch([candidate('/opt/0', 'api.openai.com', 0.3)]);
  for (let count = 1_024; count < 1_100; count += 1)
    candidates.watch([candidate(`/opt/${count}`, 'x.ai', 0.3)]);
  candidates.close();
  const kept = readCandidates(state);
  assert.equal(kept.length, 1_024);
  assert.equal(kept[0]?.program, '/opt/77');
  assert.ok(kept.some(({ program }) => program === '/opt/0'));
});

test('a list that is spoilt or of another format is as none; one that cannot be written is told', (t) => {
  for (const text of [
    '',
    '{',
    '[]',
    'null',
    '{"format":99,"candidates":[]}',
    '{"format":1,"candidates":[{}]}',
  ])
    assert.deepEqual(readCandidates(plant(t, { '/candidates.json': text })), []);
  const failures: Error[] = [];
  const candidates = createCandidates('/proc/nowhere', (error) => failures.push(error));
  candidates.watch([candidate('/opt/a', 'x.ai', 0.3)]);
  candidates.close();
  assert.match(String(failures), /ENOENT/);
});

test('nothing is written while nothing changes', (t) => {
  const state = plant(t, {});
  const candidates = createCandidates(state, never);
  candidates.watch([event('file.open', {}), event('session.start', { 'spoor.agent.root': '/opt/x' })]);
  candidates.close();
  assert.throws(() => readFileSync(join(state, 'candidates.json')), { code: 'ENOENT' });
});
