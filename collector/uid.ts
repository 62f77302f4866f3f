import { randomBytes } from 'node:crypto';

/** Crockford's base 32, as the ULID specification writes it: no I, L, O, U. */
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Two digits for each of 1,024 values: a uid is put together from table look-ups, 10 bits at a time. */
const PAIRS: readonly string[] = Array.from(
  { length: 1024 },
  (_, value) => `${DIGITS[value >> 5]}${DIGITS[value & 31]}`,
);

const COUNTER_LIMIT = 2 ** 40;

/**
 * Makes ULIDs: 48 bits of time in milliseconds, then 80 bits that never repeat in this process.
 *
 * The 80 bits are 40 random ones, drawn once, and a 40-bit counter that starts at random and goes up by one a uid,
 * so no event pays for random bytes. For times that do not go back, uids sort in the order they were made.
 * A time that goes back still gets a new uid; it sorts by its time.
 */
export function createUidSource(): (timeMs: number) => string {
  let prefix = '';
  let counter = COUNTER_LIMIT;
  let upper = -1;
  let upperDigits = '';
  let lastMs = -1;
  let timeDigits = '';

  function draw(): void {
    const random = randomBytes(10);
    prefix = '';
    for (let at = 0; at < 40; at += 10) prefix += pairAt(random, at);
    // The top bit stays 0, so the counter has at least 2^39 values before the prefix is drawn anew.
    counter = (random.readUInt32BE(5) & 0x7fffffff) * 256 + (random[9] ?? 0);
  }

  return function newUid(timeMs) {
    if (counter >= COUNTER_LIMIT) draw();
    if (timeMs !== lastMs) {
      lastMs = timeMs;
      timeDigits = encodeTime(timeMs);
    }
    const high = Math.floor(counter / 0x100000);
    if (high !== upper) {
      upper = high;
      upperDigits = pair(high >>> 10) + pair(high);
    }
    const low = counter % 0x100000;
    counter += 1;
    return timeDigits + prefix + upperDigits + pair(low >>> 10) + pair(low);
  };
}

/** The process's own source; see {@link createUidSource}. `timeMs`: Unix epoch, an integer. */
export const newUid: (timeMs: number) => string = createUidSource();

function pair(bits: number): string {
  return PAIRS[bits & 1023] ?? '';
}

/** The ten bits of `bytes` that begin at bit `at`. */
function pairAt(bytes: Buffer, at: number): string {
  const byte = at >> 3;
  const word = ((bytes[byte] ?? 0) << 16) | ((bytes[byte + 1] ?? 0) << 8) | (bytes[byte + 2] ?? 0);
  return pair(word >>> (14 - (at & 7)));
}

function encodeTime(timeMs: number): string {
  const high = Math.floor(timeMs / 2 ** 30);
  const low = timeMs % 2 ** 30;
  return pair(high >>> 10) + pair(high) + pair(low >>> 20) + pair(low >>> 10) + pair(low);
}
