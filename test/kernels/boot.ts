/** One boot of a guest kernel under QEMU's own translator (TCG: no KVM), from power-on to a verdict. */

import { spawn } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { Kernel } from './package.ts';

/**
 * Twice what the longest suite takes on two cores that others use too (47 minutes at a load of 9); past it the guest is
 * taken for hung, which is a crash, never a pass.
 */
export const BOOT_LIMIT_MS = 90 * 60 * 1000;
const MEMORY_MIB = 2048;
/** One CPU: QEMU 7.2's translator crashes guests more often with several threads. */
const CPUS = 1;
/** What a guest kernel prints when it, or the emulator under it, went wrong. */
const KERNEL_TROUBLE =
  /Kernel panic|Oops[: ]|BUG: |general protection fault|soft lockup|rcu_\w+ (?:self-)?detected stall/;
const RESULT = /^SPOOR-GUEST-RESULT kernel=(\S+) exit=(\d+)\r?$/m;

export interface Guest {
  readonly kernel: Kernel;
  readonly initramfs: string;
  readonly systemDisk: string;
  readonly projectDisk: string;
  readonly jobDisk: string;
  /** Kernel messages. */
  readonly consoleLog: string;
  /** What the job printed. */
  readonly outputLog: string;
}

/** finished: the job ended by itself with `exitCode`. crashed: kernel or emulator went wrong, whatever the job said. */
export type Verdict =
  | { readonly state: 'finished'; readonly release: string; readonly exitCode: number }
  | { readonly state: 'crashed'; readonly cause: string };

export async function boot(guest: Guest): Promise<Verdict> {
  const qemu = spawn(
    'setpriv',
    [
      // A run that is killed takes its QEMU with it.
      ...['--pdeathsig', 'KILL', 'qemu-system-x86_64'],
      ...['-accel', 'tcg', '-cpu', 'max', '-m', String(MEMORY_MIB), '-smp', String(CPUS)],
      ...['-nodefaults', '-no-reboot', '-display', 'none', '-net', 'none'],
      ...['-chardev', `file,id=console,path=${guest.consoleLog}`, '-serial', 'chardev:console'],
      ...['-serial', 'stdio'],
      // What the guest writes to the first two is thrown away with it.
      ...['-drive', `file=${guest.systemDisk},format=raw,if=virtio,snapshot=on`],
      ...['-drive', `file=${guest.projectDisk},format=raw,if=virtio,snapshot=on`],
      ...['-drive', `file=${guest.jobDisk},format=raw,if=virtio`],
      ...['-kernel', guest.kernel.image, '-initrd', guest.initramfs],
      // The stock command line but for the console and a panic that ends QEMU: no lsm=, Debian's own list holds bpf.
      ...['-append', 'console=ttyS0 panic=-1 oops=panic'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let complaint = '';
  qemu.stderr.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-2000);
  });
  const output = createWriteStream(guest.outputLog);
  qemu.stdout.pipe(output);
  qemu.stdout.pipe(process.stdout, { end: false });

  let hung = false;
  const limit = setTimeout(() => {
    hung = true;
    qemu.kill('SIGKILL');
  }, BOOT_LIMIT_MS);
  const end = await new Promise<string>((resolve) => {
    qemu.on('error', (error) => resolve(error.message));
    qemu.on('close', (code, signal) => resolve(signal ?? String(code)));
  });
  clearTimeout(limit);
  await finished(output);

  const trouble = KERNEL_TROUBLE.exec(readFileSync(guest.consoleLog, 'latin1'));
  if (trouble) return { state: 'crashed', cause: lineAround(guest.consoleLog, trouble.index) };
  const result = RESULT.exec(readFileSync(guest.outputLog, 'latin1'));
  if (result?.[1]) return { state: 'finished', release: result[1], exitCode: Number(result[2]) };
  if (hung) return { state: 'crashed', cause: `no result after ${BOOT_LIMIT_MS / 60_000} minutes` };
  return { state: 'crashed', cause: `QEMU ended (${end}) without a result. ${complaint.trim()}` };
}

function lineAround(file: string, index: number): string {
  const text = readFileSync(file, 'latin1');
  const start = text.lastIndexOf('\n', index) + 1;
  return text.slice(start, text.indexOf('\n', index)).trim();
}
