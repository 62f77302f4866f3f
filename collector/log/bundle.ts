/**
 * An entry bundle: up to 256 entries, each two bytes of length (big endian) and then the leaf.
 * @returns where each whole entry's leaf begins and ends; bytes after the last whole entry are left out
 */
export function entriesOf(bundle: Buffer): { start: number; end: number }[] {
  const entries: { start: number; end: number }[] = [];
  for (let at = 0; at + 2 <= bundle.length; ) {
    const start = at + 2;
    const end = start + bundle.readUInt16BE(at);
    if (end > bundle.length) break;
    entries.push({ start, end });
    at = end;
  }
  return entries;
}
