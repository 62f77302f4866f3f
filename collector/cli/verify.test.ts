import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { openHostKey } from '../seal/hostkey.ts';
import { openSeal } from '../seal/seal.ts';

/** Runs the sub-command in a process of its own, as a user would. */
function verify(...args: string[]): { code: number | null; out: string; err: string } {
  const script = `
    import { Command } from 'commander';
    import { addVerifyCommand } from ${JSON.stringify(new URL('./verify.js', import.meta.url).href)};
    const program = new Command();
    addVerifyCommand(program);
    await program.parseAsync(['node', 'spoor', 'verify', ...${JSON.stringify(args)}]);
  `;
  const run = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });
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
  const bad: [string[], RegExp][] = [
    [
      ['--state', join(state, 'nowhere')],
      /^spoor verify: .*nowhere\/key\/host\.pub holds no key; name the log's public key with --key FILE\n$/,
    ],
    [
      ['--state', state, '--key', join(state, 'none')],
      /^spoor verify: cannot read the key .*none \(ENOENT\)\n$/,
    ],
    [['--state', state, '--key', join(state, 'log/lock.txt')], /ENOENT/],
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
