/** Boots a guest until its job has ended by itself. */

import { boot, type Guest } from './boot.ts';

/** Three crashes in a row are a property of the guest, not of the emulator's luck. */
const MAX_ATTEMPTS = 3;

export function say(line: string): void {
  process.stderr.write(`test-kernels: ${line}\n`);
}

/**
 * @param freshJobDisk makes the job's disk anew: a crashed guest may have written to it
 * @param log beginning of the paths of each attempt's console and output
 * @returns the job's exit code; undefined when every attempt crashed, which proves nothing
 */
export async function bootUntilFinished(
  guest: Omit<Guest, 'jobDisk' | 'consoleLog' | 'outputLog'>,
  freshJobDisk: () => string,
  log: string,
): Promise<number | undefined> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const consoleLog = `${log}.${attempt}.console`;
    const outputLog = `${log}.${attempt}.output`;
    const verdict = await boot({ ...guest, jobDisk: freshJobDisk(), consoleLog, outputLog });
    if (verdict.state === 'finished') {
      say(
        `${verdict.release}: the job ended with ${verdict.exitCode} after ${attempt - 1} crashes; log ${outputLog}`,
      );
      return verdict.exitCode;
    }
    say(
      `${guest.kernel.packageVersion}: crash ${attempt} of at most ${MAX_ATTEMPTS}: ${verdict.cause}; see ${consoleLog}`,
    );
  }
  say(`${guest.kernel.packageVersion}: crashed ${MAX_ATTEMPTS} times, which proves nothing: not passed`);
  return undefined;
}
