/** Rules that others wrote, unpacked from an archive beside the project. They are never part of the project. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RuleFile } from '../../collector/detect/load.ts';
import { readRuleFiles } from '../../collector/detect/pack.ts';

/** The archive of SigmaHQ's rules, undefined where it does not lie beside the project. */
export function archiveOfOthers(): string | undefined {
  const here = dirname(fileURLToPath(import.meta.url));
  const archive = join(here, '../../../../shared/data/sigma/sigmahq-rules.tar.gz');
  return existsSync(archive) ? archive : undefined;
}

/** Unpacks a .tar.gz into a folder that goes when `life` ends. @returns the folder */
export function unpackedFolder(archive: string, life: { after(done: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'detect-rules-'));
  life.after(() => rmSync(folder, { recursive: true }));
  execFileSync('tar', ['xzf', archive, '-C', folder]);
  return folder;
}

/** The rules in it. */
export function unpackedRules(archive: string, life: { after(done: () => void): void }): RuleFile[] {
  return readRuleFiles(unpackedFolder(archive, life));
}
