/** The package as `make deb` left it, and built once more from another checkout. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const PROJECT = resolve(import.meta.dirname, '../../..');
export const BUILT = join(PROJECT, 'build/deb');

export function versionOf(manifest: string): string {
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

export const DEB = join(BUILT, `spoor_${versionOf(join(PROJECT, 'package.json'))}_amd64.deb`);

export function say(line: string): void {
  process.stdout.write(`test-package: ${line}\n`);
}

/** One claim. @returns whether it holds; says which, and why not */
export function claim(words: string, faults: readonly string[]): boolean {
  say(`${faults.length === 0 ? 'ok' : 'NOT OK'}: ${words}`);
  for (const fault of faults) say(`        ${fault}`);
  return faults.length === 0;
}

/** The checkout as it is, committed or not, built anew in a folder of its own. Returns its SHA256SUMS. */
export function builtElsewhere(work: string): string {
  const elsewhere = join(work, 'elsewhere');
  execFileSync('git', ['clone', '--quiet', PROJECT, elsewhere]);
  const copy = 'cd "$1" && git ls-files -co --exclude-standard -z | xargs -0 cp --parents -t "$2"';
  execFileSync('bash', ['-c', copy, 'copy', PROJECT, elsewhere]);
  execFileSync('make', ['-s', 'deb'], { cwd: elsewhere, stdio: ['ignore', 'ignore', 'inherit'] });
  return readFileSync(join(elsewhere, 'build/deb/SHA256SUMS'), 'utf8');
}
