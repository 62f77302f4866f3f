/** Starts a real `spoor service` in folders of the test's own, and tells when it has said something. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { atEnd, type Scope } from '../at-end.ts';
import { SPOOR } from '../checkout.ts';

export interface Said {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

export interface RunningService {
  readonly pid: number;
  readonly state: string;
  readonly runtime: string;
  readonly configuration: string;
  /** Everything it said so far. */
  readonly said: readonly Said[];
  /** Resolves with the first line of this message, said already or not; fails when the service ends before. */
  says(message: string): Promise<Said>;
  signal(signal: NodeJS.Signals): void;
  /** Asks it to stop, and waits until it has. @returns its exit code */
  stop(): Promise<number | null>;
  /** Kills it outright. */
  kill(): Promise<void>;
}

export interface HowToRun {
  /** YAML beside state and runtime. */
  readonly configuration?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** What the command line begins with, such as setpriv and its options. */
  readonly under?: readonly string[];
  /** Folder of an earlier service, to go on in. */
  readonly folder: string;
}

/** @throws AssertionError with all it said when it ends before it watches */
export async function startService(t: Scope, how: HowToRun): Promise<RunningService> {
  const { folder } = how;
  const state = join(folder, 'state');
  const runtime = join(folder, 'run');
  const configuration = join(folder, 'spoor.yml');
  writeFileSync(configuration, `state: ${state}\nruntime: ${runtime}\n${how.configuration ?? ''}`, {
    mode: 0o644,
  });
  const [program, ...args] = [...(how.under ?? []), SPOOR, 'service', '--config', configuration];
  const child = spawn(program as string, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...how.env },
  });
  const ended = once(child, 'close') as Promise<[number | null]>;
  const service = new Listener(child, ended, { state, runtime, configuration });
  atEnd(t, () => service.kill());
  await service.says('watching');
  return service;
}

class Listener implements RunningService {
  readonly said: Said[] = [];
  readonly pid: number;
  readonly state: string;
  readonly runtime: string;
  readonly configuration: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<[number | null]>;
  readonly #other: string[] = [];
  #waiting: (() => void)[] = [];
  #isOver = false;

  constructor(
    child: ChildProcess,
    ended: Promise<[number | null]>,
    places: { state: string; runtime: string; configuration: string },
  ) {
    this.#child = child;
    this.#ended = ended;
    this.pid = child.pid as number;
    this.state = places.state;
    this.runtime = places.runtime;
    this.configuration = places.configuration;
    assert.ok(child.stderr);
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (line.startsWith('{')) this.said.push(JSON.parse(line) as Said);
      else this.#other.push(line);
      this.#wake();
    });
    ended.then(() => {
      this.#isOver = true;
      this.#wake();
    });
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async says(message: string): Promise<Said> {
    for (;;) {
      const found = this.said.find((said) => said.message === message);
      if (found) return found;
      if (this.#isOver)
        assert.fail(
          `the service ended before it said "${message}":\n${[...this.#other, ...this.said.map((said) => JSON.stringify(said))].join('\n')}`,
        );
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async stop(): Promise<number | null> {
    this.#child.kill('SIGTERM');
    const [code] = await this.#ended;
    return code;
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}
