/** A number of bytes as people write it: "64 MiB". The schema has checked its form. */
export type ByteSize = `${number} ${'KiB' | 'MiB' | 'GiB'}`;

const UNIT_BYTES = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 } as const;

export function bytesIn(size: ByteSize): number {
  const [count, unit] = size.split(' ') as [string, keyof typeof UNIT_BYTES];
  return Number(count) * UNIT_BYTES[unit];
}
