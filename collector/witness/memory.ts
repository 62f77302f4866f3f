import { hash } from 'node:crypto';
import { join } from 'node:path';
import { makeFolder, readIfThere, replaceFile } from '../log/files.ts';
import { formatVkey, parseNote, parseVkey } from '../log/note.ts';
import type { Witnessed, WitnessMemory } from './witness.ts';

/** A file of the witness's that cannot be used; names it and the mend. */
export class WitnessMemoryError extends Error {
  override readonly name = 'WitnessMemoryError';
}

/**
 * What a witness remembers: a file a log, named by the SHA-256 of its origin, with the newest cosigned checkpoint and
 * the keys that may sign the next one. Both in one, so that a power cut leaves what was before or what came after.
 */
export function memoryIn(directory: string): WitnessMemory {
  makeFolder(directory);
  const pathOf = (originHash: string): string => join(directory, `${originHash}.json`);
  const read = (originHash: string): Witnessed | undefined => parse(pathOf(originHash));
  return {
    read: (origin) => read(originHash(origin)),
    noteOf: (originHash) => read(originHash)?.note,
    save(origin, { note, keys }) {
      replaceFile(pathOf(originHash(origin)), `${JSON.stringify({ note, keys: keys.map(formatVkey) })}\n`);
    },
  };
}

/** Under which name a witness keeps and serves a log. */
export function originHash(origin: string): string {
  return hash('sha256', origin, 'hex');
}

function parse(path: string): Witnessed | undefined {
  const content = readIfThere(path)?.toString();
  if (content === undefined) return undefined;
  try {
    const { note, keys } = JSON.parse(content) as { readonly note: string; readonly keys: readonly string[] };
    const [, size, root] = parseNote(note).text.split('\n');
    if (!Number.isSafeInteger(Number(size))) throw new Error(`the size is "${size}"`);
    return { size: Number(size), root: Buffer.from(root ?? '', 'base64'), note, keys: keys.map(parseVkey) };
  } catch (error) {
    // To go on without it would be to forget what was cosigned, which is the one thing a witness must not do.
    throw new WitnessMemoryError(
      `${path} was changed: ${(error as Error).message}; restore it from a backup`,
    );
  }
}
