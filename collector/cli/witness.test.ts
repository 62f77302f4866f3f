import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { SPOOR } from '../../test/checkout.ts';
import { startWitness } from '../../test/witness.ts';
import { parseWitnessKey } from '../log/cosignature.ts';
import { openHostKey } from '../seal/hostkey.ts';
import { openSeal } from '../seal/seal.ts';
import { countersign } from '../witness/countersign.ts';
import { originHash } from '../witness/memory.ts';

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'witness-cli-'));
  t.after(() => rmSync(made, { recursive: true }));
  return made;
}

function spoor(...args: string[]): { code: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(SPOOR, args, { encoding: 'utf8' });
  return { code: status, text: `${stdout}${stderr}` };
}

async function open(state: string) {
  const hostKey = openHostKey(join(state, 'key'));
  return openSeal({ directory: join(state, 'log'), hostKey, hostId: 'h' });
}

test('spoor witness keeps what it cosigned over a restart, and what it serves proves a rollback', async (t) => {
  const [state, copy, kept, witnessState] = [folder(t), folder(t), folder(t), folder(t)];
  await (await open(state)).close();
  cpSync(state, copy, { recursive: true });
  const listen = ['--name', 'w.example', '--logs', join(state, 'key/host.pub'), '--listen', '127.0.0.1:0'];
  const first = await startWitness(t, ...listen, '--state', witnessState);
  const witness = { url: first.url, key: parseWitnessKey(first.key) };

  const seal = await open(state);
  const countersigner = countersign(seal, join(state, 'log'), [witness]);
  await countersigner.finish();
  await seal.close();
  cpSync(join(witnessState, 'key/witness.pub'), join(kept, 'witness.pub'));
  const judged = spoor('verify', '--state', state, '--witness', join(kept, 'witness.pub'));
  assert.equal(judged.code, 0, judged.text);
  assert.match(judged.text, /^witnessed {2}records 0 to \d+ by w\.example/m);

  first.child.kill('SIGTERM');
  await once(first.child, 'exit');
  const second = await startWitness(t, ...listen, '--state', witnessState);
  const origin = seal.verifierKey.name;
  const answer = await fetch(`${second.url}/checkpoint/${originHash(origin)}`);
  writeFileSync(join(kept, 'checkpoint'), await answer.text());
  assert.equal(spoor('verify', '--state', state, '--since', join(kept, 'checkpoint')).code, 0);
  const rolledBack = spoor('verify', '--state', copy, '--since', join(kept, 'checkpoint'));
  assert.equal(rolledBack.code, 1);
  assert.match(rolledBack.text, /^rolled back/);
});

test('a second witness on the same state folder is refused, since each would forget what the other signed', async (t) => {
  const [state, witnessState] = [folder(t), folder(t)];
  await (await open(state)).close();
  const args = ['--name', 'w', '--logs', join(state, 'key/host.pub'), '--listen', '127.0.0.1:0'];
  await startWitness(t, ...args, '--state', witnessState);
  const second = spoor('witness', ...args, '--state', witnessState);
  assert.equal(second.code, 2);
  assert.match(second.text, /is being written by process \d+/);
});
