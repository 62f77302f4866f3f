/** Hosts that processes outside every session are told for (bpf/network_named.h), as the kernel compares them. */

import { NAMED_HOST } from './generated/layout.ts';

/** FNV-1a, 64 bits. */
const HASH_OF_NOTHING = 0xcbf2_9ce4_8422_2325n;
const HASH_PRIME = 0x100_0000_01b3n;

/**
 * By hash, how each is listed. A pattern in which `*` stands for any characters is listed as the domain behind its last
 * star, with all below it: whoever asked looks again at the name he is told.
 */
export function namedHosts(patterns: Iterable<string>): Map<bigint, number> {
  const listed = new Map<bigint, number>();
  for (const pattern of patterns) {
    const star = pattern.lastIndexOf('*');
    const name = star < 0 ? pattern : pattern.slice(pattern.indexOf('.', star) + 1);
    if (name.length === 0) continue;
    const how = star < 0 ? NAMED_HOST.NAMED_ITSELF : NAMED_HOST.NAMED_BELOW;
    const hash = hashOf(name.toLowerCase());
    listed.set(hash, (listed.get(hash) ?? 0) | how);
  }
  return listed;
}

/** From the end of the name to its beginning. */
function hashOf(name: string): bigint {
  return Buffer.from(name, 'latin1').reduceRight(
    (hash, byte) => BigInt.asUintN(64, (hash ^ BigInt(byte)) * HASH_PRIME),
    HASH_OF_NOTHING,
  );
}
