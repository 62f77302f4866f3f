/** Rules that others wrote, unpacked from an archive beside the project. They are never part of the project. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRuleFiles } from '../../collector/detect/pack.ts';
import type { RuleFile } from '../../collector/detect/ruleset.ts';

/** Unpacks a .tar.gz into a folder that goes when `life` ends, and reads the rules in it. */
export function unpackedRules(archive: string, life: { after(done: () => void): void }): RuleFile[] {
  const folder = mkdtempSync(join(tmpdir(), 'detect-rules-'));
  life.after(() => rmSync(folder, { recursive: true }));
  execFileSync('tar', ['xzf', archive, '-C', folder]);
  return readRuleFiles(folder);
}
