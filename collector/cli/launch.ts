/**
 * Starts COMMAND so that it cannot tell the difference: its standard streams, terminal, process group and signals are
 * those it would have without Spoor. spoor-launch waits until it is told, and then becomes COMMAND.
 */

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { constants } from 'node:os';
import { Failure } from './failure.ts';

/** spoor-launch's gate; 0 to 2 are COMMAND's. */
const GATE_FD = 3;

/** Sent to us by name, so COMMAND has not had them. */
const FORWARDED = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;
/** A terminal sends these to its whole foreground group, and so to COMMAND as well. */
const FROM_TERMINAL = ['SIGINT', 'SIGQUIT'] as const;

export interface Launched {
  readonly pid: number;
  /** Lets the process become COMMAND. */
  release(): void;
  /** Exit code, or 128 and the signal's number as shells count. */
  readonly ended: Promise<number>;
  /** From now on signals end the waiting, not COMMAND, which has ended. */
  onSignal(listener: (signal: NodeJS.Signals) => void): void;
}

/** Resolves once the launcher waits: from then on, whatever the process does is COMMAND's. */
export async function launch(launcher: string, command: readonly string[]): Promise<Launched> {
  let onLateSignal: ((signal: NodeJS.Signals) => void) | undefined;
  let isEnded = false;
  // Before the child exists: a signal that comes between must not end us and leave it.
  for (const signal of FORWARDED) process.on(signal, () => deliver(signal));
  for (const signal of FROM_TERMINAL) {
    process.on(signal, () => {
      if (isEnded || !isInForeground()) deliver(signal);
    });
  }
  const child = spawn(launcher, [String(GATE_FD), ...command], {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
  });

  function deliver(signal: NodeJS.Signals): void {
    if (isEnded) onLateSignal?.(signal);
    else child.kill(signal);
  }

  const ended = new Promise<number>((resolve) => {
    child.once('exit', (code, signal) => {
      isEnded = true;
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) =>
      reject(new Failure(3, `${launcher} cannot be started: ${error.message}; run: make build`)),
    );
  });
  const gate = child.stdio[GATE_FD] as Socket;
  // The launcher was killed while it waited: its end is told by `ended`.
  gate.on('error', () => {});
  await new Promise<void>((resolve) => {
    gate.once('data', () => resolve());
    gate.once('close', () => resolve());
  });
  return {
    pid: child.pid as number,
    release: () => gate.end('.'),
    ended,
    onSignal(listener) {
      onLateSignal = listener;
    },
  };
}

/** Whether our process group is the one that the terminal sends its signals to. proc(5), /proc/PID/stat: pgrp, tpgid. */
function isInForeground(): boolean {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  // The name before may hold blanks and parentheses.
  const [, , , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 1).split(' ');
  return group === foreground;
}
