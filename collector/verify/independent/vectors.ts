import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { Event } from '../../event.ts';
import { checkpointHash, formatCheckpoint } from '../../log/checkpoint.ts';
import { cosign, formatWitnessKey, witnessKey } from '../../log/cosignature.ts';
import { CompactRange, leafHash } from '../../log/merkle.ts';
import { formatVkey, signNote, verifierKey } from '../../log/note.ts';
import { encodeLeaf } from '../../seal/encode.ts';

/**
 * The known answers of docs/log.md, worked out by the log's own code from fixed input. They are kept in
 * docs/log-vectors.json; a test compares, and the independent verifier checks the file.
 */
export function makeVectors(): unknown {
  const leaves = EVENTS.map((event, index) => encodeLeaf(event, index, SEALED_NS + BigInt(index)));
  const hashes = leaves.map(leafHash);
  const seed = Buffer.alloc(32, 7);
  const privateKey = privateKeyOf(seed);
  const key = verifierKey(ORIGIN, publicKeyOf(privateKey));
  const witnessSeed = Buffer.alloc(32, 9);
  const witness = witnessKey('witness.example/w1', publicKeyOf(privateKeyOf(witnessSeed)));
  let lastText = '';
  const notes: string[] = [];
  let previous: string | undefined;
  for (const [number, size] of SIZES.entries()) {
    const text = formatCheckpoint({
      origin: ORIGIN,
      size,
      root: rootOver(hashes, 0, size),
      number,
      time: `2026-11-20T20:28:0${number}.000000000Z`,
      previous,
      first: 0,
      lost: size > GAP_AT ? 1204n : 0n,
      state: number === SIZES.length - 1 ? 'closed' : 'open',
    });
    previous = checkpointHash(text);
    lastText = text;
    notes.push(signNote(text, key, privateKey));
  }
  const size = leaves.length;
  return {
    key: { seed: seed.toString('hex'), vkey: formatVkey(key) },
    leaves: leaves.map((leaf, i) => ({ leaf: leaf.toString('hex'), hash: hashes[i]?.toString('hex') })),
    bundle: Buffer.concat(
      leaves.flatMap((leaf) => [Buffer.from([leaf.length >> 8, leaf.length & 255]), leaf]),
    ).toString('hex'),
    roots: Array.from({ length: size + 1 }, (_, n) => rootOver(hashes, 0, n).toString('hex')),
    checkpoints: notes,
    inclusion: EVENTS.map((_, index) => ({ index, size, path: hex(inclusion(hashes, index, 0, size)) })),
    consistency: EVENTS.map((_, from) => ({
      from: from + 1,
      to: size,
      path: hex(consistency(hashes, from + 1, 0, size, true)),
    })),
    witness: {
      seed: witnessSeed.toString('hex'),
      vkey: formatWitnessKey(witness),
      time: WITNESSED_S,
      note: `${notes.at(-1)}${cosign(lastText, witness, privateKeyOf(witnessSeed), WITNESSED_S)}`,
    },
    proof: [
      'c2sp.org/tlog-proof@v1',
      `extra ${leaves[3]?.toString('base64')}`,
      'index 3',
      ...inclusion(hashes, 3, 0, size).map((hash) => hash.toString('base64')),
      '',
      notes.at(-1),
    ].join('\n'),
  };
}

function privateKeyOf(seed: Buffer): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
}

function publicKeyOf(privateKey: KeyObject): Buffer {
  return createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);
}

const WITNESSED_S = 1_763_670_490;
const ORIGIN = 'spoor/4c4c45440042/01K9ZQ4Y7GSP00R00000000000';
const SEALED_NS = 1_763_670_480_000_000_000n;
const SIZES = [1, 4, 7];
const GAP_AT = 4;
/** What an Ed25519 private key begins with in PKCS#8 DER (RFC 8410, section 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

function event(name: Event['name'], n: number, attributes: Event['attributes']): Event {
  return {
    name,
    uid: `01K9ZQ4Y7GVECT0R0000000${String(n).padStart(3, '0')}`,
    timeNs: 1_763_670_479_123_456_789n + BigInt(n),
    severity: name === 'sensor.gap' ? 13 : 9,
    traceId: n > 1 ? '0af7651916cd43dd8448eb211c80319c' : '',
    spanId: n > 2 ? 'b7ad6b7169203331' : '',
    attributes,
    seen: undefined,
  };
}

const EVENTS: readonly Event[] = [
  event('log.open', 0, {
    'spoor.log.previous_end': 'none',
    'spoor.log.previous_size': 0,
    'spoor.log.recovered': 0,
    'spoor.log.cut_bytes': 0,
  }),
  event('session.start', 1, {
    'session.id': 's-1',
    'process.command_args': ['codex', 'exec', '', 'say "hi" \u{1f43e}'],
  }),
  event('process.exec', 2, {
    'process.pid': 4242,
    'process.args_count': 300,
    'spoor.event.boot_ns': 2n ** 60n,
  }),
  event('file.open', 3, {
    'file.path': '/tmp/\\xFF',
    'spoor.file.path_bytes': Buffer.from('2f746d702fff', 'hex'),
    'file.size': 0,
    'event.outcome': 'success',
  }),
  event('sensor.gap', 4, {
    'spoor.gap.event': 'file.open',
    'spoor.gap.count': 1204,
    'spoor.gap.cause': 'ring_full',
    'spoor.gap.cpu': 1,
  }),
  event('process.exit', 5, {
    'process.pid': 4242,
    'process.exit.code': -1,
    'event.duration': 2n ** 53n + 1n,
  }),
  event('session.end', 6, { 'session.id': 's-1', 'spoor.session.remaining_pids': [1, 127, 128, 2 ** 31] }),
];

function rootOver(hashes: readonly Buffer[], start: number, end: number): Buffer {
  const range = new CompactRange();
  for (const hash of hashes.slice(start, end)) range.append(hash, 0);
  return range.root();
}

function splitOf(size: number): number {
  let split = 1;
  while (2 * split < size) split *= 2;
  return split;
}

/** PATH of RFC 6962, 2.1.1, as it stands there. */
function inclusion(hashes: readonly Buffer[], index: number, start: number, end: number): Buffer[] {
  if (end - start === 1) return [];
  const split = start + splitOf(end - start);
  return index < split
    ? [...inclusion(hashes, index, start, split), rootOver(hashes, split, end)]
    : [...inclusion(hashes, index, split, end), rootOver(hashes, start, split)];
}

/** SUBPROOF of RFC 6962, 2.1.2, as it stands there; `size`: of the old tree, counted from `start`. */
function consistency(
  hashes: readonly Buffer[],
  size: number,
  start: number,
  end: number,
  whole: boolean,
): Buffer[] {
  if (size === end - start) return whole ? [] : [rootOver(hashes, start, end)];
  const split = splitOf(end - start);
  return size <= split
    ? [...consistency(hashes, size, start, start + split, whole), rootOver(hashes, start + split, end)]
    : [
        ...consistency(hashes, size - split, start + split, end, false),
        rootOver(hashes, start, start + split),
      ];
}

function hex(hashes: readonly Buffer[]): string[] {
  return hashes.map((hash) => hash.toString('hex'));
}
