/**
 * A program that is an AI agent to everybody who looks at its files: an npm package of that name, with that `bin`,
 * run by the real node. What it does is the test's, so that the test knows what is true.
 */

import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface PlantedAgent {
  /** The link in the bin folder, as a person calls it. */
  readonly command: string;
  readonly version: string;
}

/** Plants codex, as npm lays it out, below a folder. */
export function plantCodex(folder: string, script: string, version = '0.169.0'): PlantedAgent {
  return plantPackage(folder, '@openai/codex', 'codex', version, script);
}

export function plantPackage(
  folder: string,
  name: string,
  command: string,
  version: string,
  script: string,
): PlantedAgent {
  const root = join(folder, 'lib/node_modules', name);
  const program = join(root, 'bin', `${command}.js`);
  mkdirSync(dirname(program), { recursive: true });
  mkdirSync(join(folder, 'bin'), { recursive: true });
  const bin = { [command]: `bin/${command}.js` };
  writeFileSync(join(root, 'package.json'), JSON.stringify({ name, version, type: 'module', bin }));
  writeFileSync(program, `#!/usr/bin/env node\n${script}`);
  chmodSync(program, 0o755);
  const link = join(folder, 'bin', command);
  symlinkSync(program, link);
  return { command: link, version };
}
