/** RFC 3339 in UTC with all nine digits, 2026-11-20T20:13:00.123456789Z, of nanoseconds since the Unix epoch. */
export function rfc3339(timeNs: bigint): string {
  const seconds = timeNs / 1_000_000_000n;
  const nanoseconds = String(timeNs % 1_000_000_000n).padStart(9, '0');
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${nanoseconds}Z`;
}
