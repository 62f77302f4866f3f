import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { cosignedAt, formatWitnessKey, parseWitnessKey, witnessKey } from '../log/cosignature.ts';
import { parseNote, verifierKey } from '../log/note.ts';
import { openHostKey } from '../seal/hostkey.ts';
import { memoryIn } from './memory.ts';
import { Witness } from './witness.ts';

/**
 * Requests and answers of litewitness (filippo.io/torchwood, cmd/litewitness/testdata/litewitness.txt): another
 * implementation's log, signatures and proofs. For an unknown log it answered 403, tlog-witness now says 404.
 */
const ORIGIN = 'sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562';
const LOG_KEY = verifierKey(
  ORIGIN,
  Buffer.from('ffdc2d4d98e4124d3feaf788c0c2f9abfd796083d1f0495437f302ec79cf100f', 'hex'),
);
const NOTES = {
  1: `${ORIGIN}
1
KgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=

— ${ORIGIN} UgIom7fPZTqpxWWhyjWduBvTvGVqsokMbqTArsQilegKoFBJQjUFAmQ0+YeSPM3wfUQMFSzVnnNuWRTYrajXpNUbIQY=
`,
  3: `${ORIGIN}
3
RcCI1Nk56ZcSmIEfIn0SleqtV7uvrlXNccFx595Iwl0=

— ${ORIGIN} UgIom2VbtIcdFbwFAy1n7s6IkAxIY6J/GQOTuZF2ORV39d75cbAj2aQYwyJre36kezNobZs4SUUdrcawfAB8WVrx6go=
`,
  5: `${ORIGIN}
5
QrtXrQZCCvpIgsSmOsah7HdICzMLLyDfxToMql9WTjY=

— ${ORIGIN} UgIomw/EOJmWi0i1FQsOj+etB7F8IccFam/jgd6wzRns4QPVmyEZtdvl1U2KEmLOZ/ASRcWJi0tW90dJWAShei7sDww=
`,
};
const FROM_1_TO_3 = [
  'KgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
  'KgIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
];
const FROM_3_TO_5 = [
  'KgIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
  'KgMAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
  'wgiIFdZfYNv6WU1OllBKsWnLYIS/DBMqt8Uh/S4OukE=',
  'KgQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
];
const NOW_S = 1_795_912_800;

function body(oldSize: number, proof: readonly string[], note: string): string {
  return [`old ${oldSize}`, ...proof, '', note].join('\n');
}

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'witness-'));
  t.after(() => rmSync(made, { recursive: true }));
  return made;
}

function witnessIn(state: string): Witness {
  const { privateKey, publicKey } = openHostKey(join(state, 'key'));
  const key = witnessKey('example.com/witness', publicKey);
  const keysOf = (origin: string) => (origin === ORIGIN ? [LOG_KEY] : []);
  return new Witness({ key, privateKey, keysOf, memory: memoryIn(join(state, 'logs')) });
}

test('another implementation’s requests are answered as it answered them, and by a restarted witness too', (t) => {
  const state = folder(t);
  const flip = (note: string): string => note.replace('6go=', '6gx=');
  const table: [request: string, status: number, answer: RegExp][] = [
    [body(0, [], NOTES[1]), 200, /^— example\.com\/witness \S+\n$/],
    [body(1, FROM_1_TO_3, flip(NOTES[3])), 403, /invalid signature/],
    [body(1, FROM_1_TO_3, NOTES[3].replaceAll('9e562', '9e563')), 404, /no key is known/],
    [body(1, [], NOTES[3]), 422, /consistency proof/],
    [body(1, [FROM_1_TO_3[0] ?? '', 'KgIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABAA='], NOTES[3]), 422, /proof/],
    [body(1, FROM_1_TO_3, NOTES[3]), 200, /^— example\.com\/witness/],
    [body(1, FROM_1_TO_3, NOTES[5]), 409, /^3\n$/],
    [body(3, FROM_3_TO_5, NOTES[5]), 200, /^— example\.com\/witness/],
    [body(0, [], NOTES[5]), 409, /^5\n$/],
    [body(5, [], NOTES[5]), 200, /^— example\.com\/witness/],
    [body(5, FROM_3_TO_5, NOTES[3]), 400, /larger/],
    ['old 05\n\nx', 400, /old SIZE/],
    [body(5, ['AAAA'], NOTES[5]), 400, /not a hash/],
  ];
  for (const [request, status, answer] of table) {
    // A new one each time: what it knows is on disk, or is not known.
    const told = witnessIn(state).addCheckpoint(request, NOW_S);
    assert.equal(told.status, status, `${request}\n${told.body}`);
    assert.match(told.body, answer);
  }
});

test('a cosignature is one by the witness’s key over time and checkpoint, and by no other', (t) => {
  const state = folder(t);
  const line = witnessIn(state).addCheckpoint(body(0, [], NOTES[1]), NOW_S).body;
  const { publicKey } = openHostKey(join(state, 'key'));
  const key = parseWitnessKey(formatWitnessKey(witnessKey('example.com/witness', publicKey)));
  assert.equal(cosignedAt(parseNote(`${NOTES[1]}${line}`), key), NOW_S);
  assert.equal(cosignedAt(parseNote(`${NOTES[3]}${line}`), key), undefined);
  const other = witnessKey('example.com/witness', openHostKey(join(state, 'other')).publicKey);
  assert.equal(cosignedAt(parseNote(`${NOTES[1]}${line}`), other), undefined);
  assert.throws(() => parseWitnessKey(`${LOG_KEY.name}+${LOG_KEY.keyId}+AQ==`), /not one of a witness/);
});
