/** Texts of records, as bpf/records.h lays them out: paths leaf first, arguments each with a NUL behind it. */

import { PATH_FLAG } from './generated/layout.ts';

export const SLASH = 0x2f;

/** "hosts\0etc\0" becomes "/etc/hosts"; a cut path has no leading slash, as its beginning is not known. */
export function pathOf(names: Buffer, flags: number): Buffer {
  if (names.length === 0) return flags & PATH_FLAG.PATH_CUT ? Buffer.alloc(0) : Buffer.from('/');
  const path = Buffer.allocUnsafe(names.length);
  let to = names.length;
  for (let from = 0; from < names.length; ) {
    const end = names.indexOf(0, from);
    to -= end - from;
    names.copy(path, to, from, end);
    path[--to] = SLASH;
    from = end + 1;
  }
  return flags & PATH_FLAG.PATH_CUT ? path.subarray(1) : path;
}

/** The bytes between NULs; a last argument without one (cut, or changed by the program) counts too. */
export function splitArguments(bytes: Buffer): Buffer[] {
  const args: Buffer[] = [];
  for (let from = 0; from < bytes.length; ) {
    const end = bytes.indexOf(0, from);
    args.push(bytes.subarray(from, end < 0 ? bytes.length : end));
    if (end < 0) break;
    from = end + 1;
  }
  return args;
}

/** Without the names "." and empty ones, which lead nowhere else; ".." stays, as a link may stand before it. */
export function withoutDots(path: Buffer): Buffer {
  const text = path.toString('latin1').replace(/\/(?:\.?\/)+/g, '/');
  return Buffer.from(text, 'latin1');
}

/** A path as the caller gave it, joined to the directory or root it starts from; without one, that directory itself. */
export function joined(from: Buffer, claimed: Buffer): Buffer {
  if (claimed.length === 0) return from;
  const isRoot = from.length === 1;
  if (claimed[0] === SLASH) return isRoot ? claimed : Buffer.concat([from, claimed]);
  return Buffer.concat(isRoot ? [from, claimed] : [from, Buffer.from([SLASH]), claimed]);
}
