import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
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

/** What `spoor witness` says that does not start; its exit code and its lines. */
function notStarted(logs: string, listen: string, state: string) {
  const ran = spoor('witness', '--name', 'w', '--logs', logs, '--listen', listen, '--state', state);
  return { code: ran.code, lines: ran.text.trimEnd().split('\n') };
}

test('an address that cannot be listened at is told in one line with the mend', async (t) => {
  const [state, witnessState] = [folder(t), folder(t)];
  await (await open(state)).close();
  const logs = join(state, 'key/host.pub');
  const taken = createServer().listen(0, '127.0.0.1');
  t.after(() => taken.close());
  await once(taken, 'listening');
  const inUse = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
  assert.deepEqual(notStarted(logs, '127.0.0.1:99999', witnessState), {
    code: 2,
    lines: ['spoor: --listen "127.0.0.1:99999": 99999 is not a port; use 0 to 65535'],
  });
  assert.deepEqual(notStarted(logs, inUse, witnessState), {
    code: 3,
    lines: [`spoor: --listen ${inUse}: another program listens there; stop it, or name another port`],
  });
  assert.deepEqual(notStarted(logs, '192.0.2.1:0', witnessState), {
    code: 3,
    lines: ['spoor: --listen 192.0.2.1:0: this host does not have that address; name one of its own'],
  });
});

test('a file of logs that lists none is refused and named', (t) => {
  const logs = join(folder(t), 'logs');
  writeFileSync(logs, '\n');
  assert.deepEqual(notStarted(logs, '127.0.0.1:0', folder(t)), {
    code: 2,
    lines: [`spoor: ${logs}: no log is listed; fill it with the host.pub files of the logs to witness`],
  });
});

test("what a client sends cannot move the operator's cursor, and an answer names no file of the host", async (t) => {
  const [state, witnessState] = [folder(t), folder(t)];
  const sealed = await open(state);
  await sealed.close();
  const logs = join(witnessState, 'listed');
  cpSync(join(state, 'key/host.pub'), logs);
  const args = ['witness', '--name', 'w', '--logs', logs, '--listen', '127.0.0.1:0', '--state', witnessState];
  const child = spawn(SPOOR, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => void child.kill());
  const told = createInterface({ input: child.stderr })[Symbol.asyncIterator]();
  const [said] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const url = `http://127.0.0.1:${/port (\d+)/.exec(said)?.[1]}/add-checkpoint`;

  await fetch(url, { method: 'POST', body: 'old \x1b[31mX\n\nnote' });
  const line = String((await told.next()).value);
  assert.match(line, /\\x1b\[31mX/);
  assert.ok(!line.includes('\x1b'), JSON.stringify(line));

  rmSync(logs);
  const note = readFileSync(join(state, 'log/checkpoint'), 'utf8');
  const answer = await fetch(url, { method: 'POST', body: `old 0\n\n${note}` });
  assert.equal(answer.status, 500);
  assert.equal(await answer.text(), 'the witness cannot answer now; its operator was told why\n');
  assert.match(String((await told.next()).value), /listed: ENOENT/);
});
