import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { SPOOR } from '../../test/checkout.ts';
import { openHostKey } from '../seal/hostkey.ts';
import { openSeal } from '../seal/seal.ts';

function verify(...args: string[]): { code: number | null; out: string; err: string } {
  const run = spawnSync(SPOOR, ['verify', ...args], { encoding: 'utf8' });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

async function sealedState(t: TestContext): Promise<string> {
  const state = mkdtempSync(join(tmpdir(), 'log-cli-'));
  t.after(() => rmSync(state, { recursive: true, force: true }));
  const seal = await openSeal({
    directory: join(state, 'log'),
    hostKey: openHostKey(join(state, 'key')),
    hostId: 'h',
  });
  await seal.close();
  return state;
}

test('spoor verify says intact and ends with 0', async (t) => {
  const state = await sealedState(t);
  const { code, out } = verify('--state', state, '--key', join(state, 'key', 'host.pub'));
  assert.equal(code, 0);
  assert.match(out, /^integrity {2}intact: record 0 as signed in 2 checkpoints/m);
  assert.match(out, /^complete {3}no event is stated as lost$/m);
});

test('spoor verify names the changed record and ends with 1', async (t) => {
  const state = await sealedState(t);
  const bundle = join(state, 'log/tile/entries/000.tail');
  const bytes = readFileSync(bundle);
  bytes[30] = (bytes[30] as number) ^ 1;
  writeFileSync(bundle, bytes);
  const { code, out } = verify('--state', state);
  assert.equal(code, 1);
  assert.match(
    out,
    /^integrity {2}BROKEN\. Intact: nothing\n {11}record 0 \(tile\/entries\/000\.tail, byte 2\) was changed/m,
  );
  const json = JSON.parse(verify('--state', state, '--json').out) as {
    integrity: string;
    problems: unknown[];
  };
  assert.equal(json.integrity, 'broken');
});

test('spoor verify tells a folder without a log, and a key that is none, in one line each, and ends with 2', async (t) => {
  const state = await sealedState(t);
  const hostile = join(state, 'hostile.pub');
  writeFileSync(hostile, '\x1b[2J\n');
  const bad: [string[], RegExp][] = [
    [
      ['--state', join(state, 'nowhere')],
      /^spoor verify: .*nowhere does not exist, so nothing was recorded there; name the state folder by --state\n$/,
    ],
    [
      ['--state', state, '--key', join(state, 'none')],
      /^spoor verify: cannot read the key .*none \(ENOENT\)\n$/,
    ],
    [['--state', state, '--key', join(state, 'log/lock.txt')], /ENOENT/],
    [
      ['--state', state, '--proof', '0', '--since', join(state, 'log/checkpoint')],
      /^spoor verify: --proof and --since are different questions; ask one\n$/,
    ],
    [['--state', state, '--key', hostile], /^spoor verify: .*"\\x1b\[2J" is no verifier key/],
    [
      ['--state', state, '--key', join(state, 'log/checkpoint')],
      /^spoor verify: .*checkpoint: ".*" is no verifier key/,
    ],
  ];
  for (const [args, message] of bad) {
    const { code, err } = verify(...args);
    assert.equal(code, 2);
    assert.match(err, message);
    assert.equal(err.trim().split('\n').length, 1);
  }
});

test('a journal that is a folder, and a line of a copy with escape codes, are told in print', async (t) => {
  const state = await sealedState(t);
  const copy = join(state, 'copy.jsonl');
  const name = '\x1b[2J\nintegrity  intact';
  writeFileSync(
    copy,
    `${JSON.stringify({ eventName: name, attributes: [{ key: name, value: { intValue: 1 } }] })}\n`,
  );
  const told = verify('--state', state, '--otlp', copy);
  assert.equal(told.code, 1);
  assert.equal(told.out.includes('\x1b'), false);
  assert.doesNotMatch(told.out, /^integrity {2}intact/m);
  const journal = join(state, 'log/checkpoints');
  rmSync(journal);
  mkdirSync(journal);
  const { code, err } = verify('--state', state);
  assert.equal(code, 2);
  assert.match(err, /^spoor verify: [^\n]*checkpoints \(not a regular file\)[^\n]*\n$/);
});

test('spoor verify --proof prints a proof that leads from the record to the signed root', async (t) => {
  const state = await sealedState(t);
  const { code, out } = verify('--state', state, '--proof', '0');
  assert.equal(code, 0);
  assert.match(out, /^c2sp\.org\/tlog-proof@v1\nextra \S+\nindex 0\n\nspoor\/h\/\w+\n1\n/);
  const beyond = verify('--state', state, '--proof', '1');
  assert.equal(beyond.code, 2);
  assert.equal(
    beyond.err,
    'spoor verify: record 1 is not covered by the newest checkpoint (1), which ends at 0\n',
  );
});

test('spoor verify --since tells a log that grew from one that was rolled back, rewritten or is another', async (t) => {
  const state = await sealedState(t);
  const early = join(state, 'early');
  const late = join(state, 'late');
  writeFileSync(early, readFileSync(join(state, 'log/checkpoint')));
  cpSync(join(state, 'log'), join(state, 'old/log'), { recursive: true });
  cpSync(join(state, 'key'), join(state, 'old/key'), { recursive: true });
  const reopen = (folder: string): ReturnType<typeof openSeal> =>
    openSeal({ directory: join(folder, 'log'), hostKey: openHostKey(join(folder, 'key')), hostId: 'h' });
  await (await reopen(state)).close();
  writeFileSync(late, readFileSync(join(state, 'log/checkpoint')));

  const grown = verify('--state', state, '--since', early);
  assert.equal(grown.code, 0);
  assert.match(grown.out, /^the 1 records that checkpoint 1 signed at .* are the beginning of this log\n$/);
  const back = verify('--state', join(state, 'old'), '--since', late);
  assert.equal(back.code, 1);
  assert.match(back.out, /^rolled back: checkpoint 3 signed 2 records at .*, the log signs 1 now\n$/);
  await (await reopen(join(state, 'old'))).close(); // the same key goes another way from here
  const fork = verify('--state', join(state, 'old'), '--since', late);
  assert.equal(fork.code, 1);
  assert.match(fork.out, /^rewritten: the log does not begin with the 2 records that checkpoint 3 signed/);
  const foreign = verify('--state', await sealedState(t), '--since', late);
  assert.equal(foreign.code, 1);
  assert.match(foreign.out, /^checkpoint 3 is of the log spoor\/h\/\w+, this is spoor\/h\/\w+\n$/);
  const forged = join(state, 'forged');
  writeFileSync(forged, readFileSync(late, 'utf8').replace('\nstate closed\n', '\nstate open\n'));
  const changed = verify('--state', state, '--since', forged);
  assert.equal(changed.code, 2);
  assert.match(
    changed.err,
    /^spoor verify: the older checkpoint \S+forged was changed: its signature by key [0-9a-f]{8} does not fit its text\n$/,
  );
});
