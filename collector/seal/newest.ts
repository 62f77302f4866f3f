import { rename, writeFile } from 'node:fs/promises';
import { checkpointPath } from '../log/tiles.ts';

/**
 * Writes the file `checkpoint`, whole or not at all. It is for readers: the journal is the truth, so it need not survive
 * a power cut.
 */
export async function showNewest(directory: string, note: string): Promise<void> {
  const path = checkpointPath(directory);
  await writeFile(`${path}.next`, note, { mode: 0o600 });
  await rename(`${path}.next`, path);
}
