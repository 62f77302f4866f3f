/** Sessions recorded for measurements: a developer's work, and attacks really run. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ATTACKS } from '../attacks/attacks.ts';
import { setStage } from '../attacks/stage.ts';
import { CHECKOUT, SPOOR } from '../checkout.ts';

/** A project laid, built and looked through under watch. @returns the state folder */
export async function recordWork(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'detect-bench-'));
  const state = join(folder, 'state');
  const project = join(folder, 'project');
  const script = join(CHECKOUT, 'test/bench/dev.sh');
  const work = `bash ${script} lay ${project} && cd ${project} && bash ${script} compile && for n in $(seq 40); do git status --short; done; grep -rn unit_ . | wc -l; find . -name '*.c' -exec wc -l {} +; git log --stat | head`;
  await once(spawn(SPOOR, ['run', '--state', state, '--', 'bash', '-c', work], { stdio: 'ignore' }), 'close');
  return state;
}

/** Every attack script, one after the other, in one session. @returns the state folder */
export async function recordAttacks(): Promise<string> {
  const state = join(mkdtempSync(join(tmpdir(), 'detect-bench-')), 'state');
  const stage = await setStage();
  const env = { ...stage.environment, STATE: '/nonexistent' };
  const scripts = ATTACKS.map(({ script }) => `( ${script}\n)`).join('\n');
  try {
    // Not synchronously: the stage's web server answers in this process.
    const how = { stdio: 'ignore', env, cwd: stage.folder } as const;
    await once(spawn(SPOOR, ['run', '--state', state, '--', 'bash', '-c', scripts], how), 'close');
  } finally {
    await stage.close();
  }
  return state;
}
