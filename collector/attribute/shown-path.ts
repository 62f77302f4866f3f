/** The parts of a path as events carry them. */

import { shown } from './shown.ts';

export interface ShownPath {
  readonly path: string;
  readonly directory: string | undefined;
  readonly name: string | undefined;
  readonly extension: string | undefined;
  /** The exact bytes, only where the text does not hold them. */
  readonly bytes: Buffer | undefined;
}

export function shownPath(pathBytes: Buffer): ShownPath {
  const path = shown(pathBytes);
  const slash = path.lastIndexOf('/');
  const name = path.slice(slash + 1);
  // A leading dot hides a file; it begins no extension.
  const dot = name.lastIndexOf('.');
  return {
    path,
    directory: slash > 0 ? path.slice(0, slash) : slash === 0 ? '/' : undefined,
    name: name === '' ? undefined : name,
    extension: dot > 0 && dot < name.length - 1 ? name.slice(dot + 1) : undefined,
    // The sensor's batch is large; an event that lives on must not keep all of it.
    bytes: path.includes('\\x') && !pathBytes.equals(Buffer.from(path)) ? Buffer.from(pathBytes) : undefined,
  };
}
