/**
 * Module path and version of a Go program, from the build information the Go linker writes into every executable.
 *
 * Format (Go 1.18 and later, debug/buildinfo): section .go.buildinfo begins with a 32-byte header, aligned to 16:
 *   0   14  magic "\xff Go buildinf:"
 *   14  1   pointer size, unused here
 *   15  1   flags; bit 1 (value 2) set: two strings follow the header, each a varint length and its bytes
 *   32      Go's version, then the module information between two 16-byte sentinels
 * The module information has lines "path\tP", "mod\tMODULE\tVERSION\tSUM", "dep\t...".
 */

const MAGIC = Buffer.from('\xff Go buildinf:', 'latin1');
const HEADER_BYTES = 32;
const INLINE_STRINGS = 2;
const SENTINEL_BYTES = 16;

/** Bytes of build information read; it lists every dependency, and 64 kB hold some 600. Past it the rest is not needed. */
const MAX_INFO_BYTES = 64 * 1024;

/** Sections looked at. Go's linker writes about 25. */
const MAX_SECTIONS = 256;

export interface GoBuildInfo {
  readonly module: string;
  /** Undefined for a build from a working copy, which Go calls "(devel)". */
  readonly version: string | undefined;
}

type Read = (offset: number, length: number) => Buffer | undefined;

/** @returns undefined for anything but a 64-bit little-endian ELF file with Go's build information */
export function goBuildInfo(read: Read): GoBuildInfo | undefined {
  const section = buildInfoSection(read);
  if (!section) return undefined;
  const bytes = read(section.offset, Math.min(section.size, MAX_INFO_BYTES));
  if (!bytes || bytes.length < HEADER_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC))
    return undefined;
  if (((bytes[15] as number) & INLINE_STRINGS) === 0) return undefined;
  const goVersion = stringAt(bytes, HEADER_BYTES);
  const moduleInfo = goVersion && stringAt(bytes, goVersion.end);
  if (!moduleInfo) return undefined;
  const lines = moduleInfo.text.slice(SENTINEL_BYTES).split('\n');
  const main = lines.find((line) => line.startsWith('mod\t'))?.split('\t');
  if (!main?.[1]) return undefined;
  const version = main[2] === '(devel)' || !main[2] ? undefined : main[2].replace(/^v/, '');
  return { module: main[1], version };
}

/** Offsets of ELF64 from elf(5): e_shoff 40, e_shentsize 58, e_shnum 60, e_shstrndx 62; sh_name 0, sh_offset 24, sh_size 32. */
function buildInfoSection(read: Read): { offset: number; size: number } | undefined {
  const header = read(0, 64);
  if (header?.length !== 64 || header.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1)
    return undefined;
  const tableOffset = Number(header.readBigUInt64LE(40));
  const entryBytes = header.readUInt16LE(58);
  const count = Math.min(header.readUInt16LE(60), MAX_SECTIONS);
  const namesIndex = header.readUInt16LE(62);
  const table = read(tableOffset, entryBytes * count);
  if (!table || entryBytes < 64 || table.length < entryBytes * count || namesIndex >= count) return undefined;
  const placeOf = (index: number) => ({
    name: table.readUInt32LE(index * entryBytes),
    offset: Number(table.readBigUInt64LE(index * entryBytes + 24)),
    size: Number(table.readBigUInt64LE(index * entryBytes + 32)),
  });
  const namesPlace = placeOf(namesIndex);
  const names = read(namesPlace.offset, Math.min(namesPlace.size, MAX_INFO_BYTES))?.toString('latin1');
  if (names === undefined) return undefined;
  for (let index = 0; index < count; index++) {
    const section = placeOf(index);
    if (names.startsWith('.go.buildinfo\0', section.name)) return section;
  }
  return undefined;
}

function stringAt(bytes: Buffer, start: number): { text: string; end: number } | undefined {
  let length = 0;
  let position = start;
  for (let shift = 0; ; shift += 7, position++) {
    const byte = bytes[position];
    if (byte === undefined || shift > 28) return undefined;
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  position++;
  return { text: bytes.toString('latin1', position, position + length), end: position + length };
}
