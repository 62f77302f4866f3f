import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import nacl from 'tweetnacl';
import { parseNote, parseVkey, signNote, verifierKey } from '../log/note.ts';
import { openHostKey, publishKey } from './hostkey.ts';

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'log-key-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return join(made, 'key');
}

test('the key is made at first use, readable by its owner alone, and is the same the next time', (t) => {
  const directory = folder(t);
  const made = openHostKey(directory);
  assert.equal(statSync(join(directory, 'host.key')).mode & 0o777, 0o600);
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  assert.deepEqual(openHostKey(directory).publicKey, made.publicKey);
});

test('a key others may read is refused with the mend, and not changed', (t) => {
  const directory = folder(t);
  openHostKey(directory);
  const path = join(directory, 'host.key');
  const before = readFileSync(path);
  for (const mode of [0o644, 0o640, 0o604, 0o660, 0o666, 0o400]) {
    chmodSync(path, mode);
    assert.throws(() => openHostKey(directory), {
      name: 'HostKeyError',
      message: `${path} has mode ${mode.toString(8).padStart(4, '0')}, so others could have read or changed it; if nobody did, chmod 600 ${path}`,
    });
  }
  assert.deepEqual(readFileSync(path), before);
});

test('a file that is no key is refused by name', (t) => {
  const directory = folder(t);
  openHostKey(directory);
  writeFileSync(join(directory, 'host.key'), 'not a key');
  assert.throws(() => openHostKey(directory), {
    name: 'HostKeyError',
    message: /host\.key holds no private key/,
  });
});

test('host.pub verifies a signature with tweetnacl', (t) => {
  const key = openHostKey(folder(t));
  publishKey(key, 'spoor/host/log');
  const published = parseVkey(readFileSync(join(key.directory, 'host.pub'), 'utf8'));
  const note = parseNote(signNote('text\n', verifierKey('spoor/host/log', key.publicKey), key.privateKey));
  const signature = note.signatures[0]?.signature ?? Buffer.alloc(0);
  assert.ok(nacl.sign.detached.verify(Buffer.from(note.text), signature, published.publicKey));
});
