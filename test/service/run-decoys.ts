/** Runs each program of a list to its end, one after the other: node run-decoys.js LIST.json. Prints what became of each. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface ProgramToRun {
  readonly executable: string;
  /** argv[0] first. */
  readonly args: readonly string[];
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
}

const programs = JSON.parse(readFileSync(process.argv[2] as string, 'utf8')) as readonly ProgramToRun[];
const outcomes = programs.map(({ executable, args, workingDirectory, environment }) => {
  const { status, error } = spawnSync(executable, args.slice(1), {
    argv0: args[0],
    cwd: workingDirectory,
    env: { PATH: '/usr/bin:/bin', ...environment },
    stdio: 'ignore',
  });
  return error?.message ?? status;
});
process.stdout.write(JSON.stringify(outcomes));
