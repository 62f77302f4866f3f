/**
 * An act that a policy judged, as it will be recorded: who, through which AI agent, did what to what, under which policy
 * and token, approved by whom. Nothing decides yet; the records are made here, sealed and read as all others.
 */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { emptyFolder } from '../../test/at-end.ts';
import { eventsIn, spoor } from '../../test/system/spoor.ts';
import type { Attributes, Event, EventName } from '../event.ts';
import { openHostKey } from '../seal/hostkey.ts';
import { openSeal } from '../seal/seal.ts';
import { newUid } from '../uid.ts';
import { openState } from './state.ts';

const SESSION = '0af7651916cd43dd8448eb211c80319c';
const BEGAN_NS = 1_795_900_000_000_000_000n;

function eventAt(second: number, name: EventName, attributes: Attributes, session = SESSION): Event {
  return {
    name,
    uid: newUid(1_795_900_000_000 + second * 1_000),
    timeNs: BEGAN_NS + BigInt(second) * 1_000_000_000n,
    severity: 9,
    traceId: session,
    spanId: '',
    attributes: {
      'session.id': session,
      'gen_ai.agent.name': 'codex',
      'gen_ai.agent.version': '0.169.0',
      'process.user.name': 'alice',
      ...attributes,
    },
    seen: undefined,
  };
}

/** alice's agent reads plan.md and sends it away, after somebody allowed the one, and the policy refused the other. */
const READS: Attributes = {
  'spoor.login.user.name': 'alice',
  'spoor.session.policy': 'reviewers/3@sha256:5f0a',
  'spoor.session.approval': 'approved',
  'spoor.approval.id': 'approval-7',
  'spoor.request.id': 'call_42',
  'spoor.token.id_hash': 'a1b2c3',
  'spoor.policy.action': 'read',
  'spoor.policy.target': '/srv/plan.md',
  'spoor.policy.verdict': 'allow',
  'spoor.policy.rule': 'plans',
  'spoor.policy.enforced': 'nothing',
  'event.outcome': 'success',
};
const HISTORY: readonly Event[] = [
  eventAt(0, 'session.start', {
    'process.command_args': ['codex'],
    'spoor.session.policy': 'reviewers/3@sha256:5f0a',
  }),
  eventAt(5, 'network.connect', { 'network.peer.address': '192.0.2.7', 'network.peer.port': 443 }),
  eventAt(2, 'token.proof', {
    'spoor.token.id_hash': 'a1b2c3',
    'spoor.token.method': 'dpop',
    'spoor.approval.id': 'approval-7',
  }),
  eventAt(1, 'approval.decision', {
    'spoor.approval.id': 'approval-7',
    'spoor.approval.approver': 'bob',
    'spoor.session.approval': 'approved',
    'spoor.request.id': 'call_42',
    'spoor.policy.action': 'read',
    'spoor.policy.target': '/srv/plan.md',
  }),
  eventAt(3, 'policy.decision', READS),
  eventAt(4, 'file.open', { 'file.path': '/srv/plan.md', 'spoor.file.access': 'read' }),
  eventAt(6, 'policy.decision', {
    'spoor.session.policy': 'reviewers/3@sha256:5f0a',
    'spoor.session.approval': 'unknown',
    'spoor.policy.action': 'upload',
    'spoor.policy.verdict': 'deny',
  }),
  eventAt(3, 'file.open', { 'file.path': '/srv/other.md' }, 'f'.repeat(32)),
];

test('one query by session gives approval, token, decision, file and connection in the order of time, joined by their ids', async (t) => {
  const state = join(emptyFolder(t), 'state');
  openState(state);
  const seal = await openSeal({
    directory: join(state, 'log'),
    hostKey: openHostKey(join(state, 'key')),
    hostId: 'h',
  });
  seal.append(HISTORY);
  await seal.close();

  const told = await eventsIn(state, '--session', SESSION);
  assert.deepEqual(
    told.map(({ event_name }) => event_name),
    [
      'session.start',
      'approval.decision',
      'token.proof',
      'policy.decision',
      'file.open',
      'network.connect',
      'policy.decision',
    ],
  );
  const read = told.find(
    ({ attributes }) => attributes['spoor.policy.action'] === 'read' && attributes['spoor.policy.verdict'],
  );
  for (const [name, value] of Object.entries({
    ...READS,
    'process.user.name': 'alice',
    'gen_ai.agent.name': 'codex',
  }))
    assert.deepEqual(read?.attributes[name], value, name);
  const joined = told.filter(({ attributes }) => attributes['spoor.approval.id'] === 'approval-7');
  assert.equal(joined.length, 3);
  // Who, under which policy, approved or not: each answered, what nobody knows as unknown.
  for (const { event_name, attributes } of told)
    if (event_name === 'policy.decision')
      for (const answer of ['process.user.name', 'spoor.session.policy', 'spoor.session.approval'])
        assert.ok(attributes[answer], `${event_name} without ${answer}`);
  assert.equal((await spoor(['verify', '--state', state])).code, 0);
});
