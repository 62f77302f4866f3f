/** Finds planted secrets by looking through bytes, knowing nothing of the formats they may hide in. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Leak {
  readonly file: string;
  readonly secret: string;
  readonly offset: number;
}

function leaksInFile(file: string, secrets: readonly string[]): Leak[] {
  const bytes = readFileSync(file);
  return secrets
    .map((secret) => ({ file, secret, offset: bytes.indexOf(secret, 0, 'utf8') }))
    .filter((leak) => leak.offset >= 0);
}

/** Every file under a folder that holds one of the secrets as plain bytes, and where it first does. */
export function leaksIn(folder: string, secrets: readonly string[]): Leak[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return files.flatMap((entry) => leaksInFile(join(entry.parentPath, entry.name), secrets));
}
