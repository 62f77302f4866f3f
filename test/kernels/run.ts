/**
 * Runs a command inside stock Debian kernels, in the project's folder, as root.
 *
 *   node dist/test/kernels/run.js [--kernel LINE]... [--out FOLDER] -- COMMAND...
 *
 * Its output is passed through; what it leaves in $SPOOR_OUT comes back to FOLDER/LINE.
 * A crash of the emulator or the guest kernel is tried again, counted, and never a pass.
 * Exit code: 0 the command passed on every kernel, 1 it failed or only crashed, 2 wrong use, 3 not possible here.
 */

import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { bootUntilFinished, say } from './attempts.ts';
import { initramfs, jobDisk, projectDisk, systemDisk, unpackJob } from './disks.ts';
import { KernelError } from './kernel-error.ts';
import { modulesInOrder } from './modules.ts';
import { KERNEL_LINES, type KernelLine, unpackKernel } from './package.ts';

const PROJECT = resolve(import.meta.dirname, '../../..');

interface Job {
  readonly line: KernelLine;
  readonly command: readonly string[];
  /** Folder for what the command leaves in $SPOOR_OUT; undefined throws it away. */
  readonly out: string | undefined;
}

/** Runs the command inside one kernel. Returns whether it passed. */
async function runInside(job: Job): Promise<boolean> {
  const cache = join(PROJECT, 'build/kernels');
  mkdirSync(join(cache, 'log'), { recursive: true });
  const kernel = unpackKernel(job.line, cache);
  const work = workFolder(cache);
  const began = Date.now();
  try {
    const fixed = {
      kernel,
      initramfs: initramfs(modulesInOrder(kernel.modules), join(PROJECT, 'test/kernels/init.sh'), work),
      systemDisk: systemDisk(cache),
      projectDisk: projectDisk(PROJECT, work),
    };
    const log = join(cache, 'log', kernel.packageVersion);
    let usedDisk = '';
    const exitCode = await bootUntilFinished(
      fixed,
      () => {
        usedDisk = jobDisk(job.command, work);
        return usedDisk;
      },
      log,
    );
    if (exitCode === undefined) return false;
    if (job.out) unpackJob(usedDisk, join(job.out, job.line));
    const seconds = Math.round((Date.now() - began) / 1000);
    say(
      `${kernel.packageVersion}: ${exitCode === 0 ? 'passed' : `failed (exit code ${exitCode})`} after ${seconds} s`,
    );
    return exitCode === 0;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** A folder of this run's own. Folders of runs that were killed are removed: each holds a disk image. */
function workFolder(cache: string): string {
  for (const name of readdirSync(cache)) {
    const pid = /^work-(\d+)$/.exec(name)?.[1];
    if (pid && !existsSync(`/proc/${pid}`)) rmSync(join(cache, name), { recursive: true, force: true });
  }
  const work = join(cache, `work-${process.pid}`);
  mkdirSync(work);
  return work;
}

async function main(args: string[]): Promise<number> {
  const separator = args.indexOf('--');
  const command = separator < 0 ? [] : args.slice(separator + 1);
  const { values } = parseArgs({
    args: args.slice(0, separator < 0 ? undefined : separator),
    options: { kernel: { type: 'string', multiple: true }, out: { type: 'string' } },
  });
  if (command.length === 0) {
    say('no command; write run.js [--kernel LINE]... [--out FOLDER] -- COMMAND...');
    return 2;
  }
  const asked = values.kernel ?? KERNEL_LINES;
  const lines = KERNEL_LINES.filter((line) => asked.includes(line));
  if (lines.length < asked.length) {
    say(`no such kernel among "${asked.join('", "')}"; there are ${KERNEL_LINES.join(' and ')}`);
    return 2;
  }
  let passed = true;
  for (const line of lines) {
    passed = (await runInside({ line, command, out: values.out })) && passed;
  }
  return passed ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof KernelError) {
    say(error.message);
    process.exitCode = 3;
  } else if (
    error instanceof TypeError &&
    'code' in error &&
    String(error.code).startsWith('ERR_PARSE_ARGS')
  ) {
    say(error.message);
    process.exitCode = 2;
  } else {
    throw error;
  }
}
