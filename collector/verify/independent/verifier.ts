/**
 * A verifier that shares nothing with the log's own code: written from docs/log.md, for browsers and everything
 * else that runs ECMAScript. No Node API, no dependency but tweetnacl (Ed25519).
 */
export { Refused } from './bytes.ts';
export { type Checkpoint, openCheckpoint, openCosignature } from './checkpoint.ts';
export { isConsistent, isIncluded, leafHash, openProof, type ProvedEntry, type TreeHead } from './proof.ts';
export { decodeRecord, leavesOf, type Record, type Value } from './record.ts';
export { sha256 } from './sha256.ts';
