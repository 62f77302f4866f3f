/** What the command line says when it cannot do what was asked: one line, and the exit code of the contract. */

/** 1: the answer is no. 2: wrong use or bad input. 3: not possible on this host. */
export type FailureCode = 1 | 2 | 3;

/** The message is the whole line: the thing, the place, the cause, the mend. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly exitCode: FailureCode;

  constructor(exitCode: FailureCode, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

/**
 * Errors of the stages that mean bad input or a host that cannot, by name: importing their classes would load
 * every stage before `spoor --help` could answer.
 */
const EXIT_CODES: Readonly<Record<string, FailureCode>> = {
  BadInput: 2,
  CheckpointError: 2,
  EndpointError: 2,
  HostKeyError: 2,
  LockError: 2,
  LogDamagedError: 2,
  LogReadError: 2,
  LogWriteError: 3,
  NoteError: 2,
  PositionError: 2,
  RecordError: 2,
  RecordingFault: 2,
  Refusal: 2,
  Refused: 2,
  SensorError: 3,
  ServiceError: 3,
  SettingError: 2,
  WitnessMemoryError: 2,
};

export interface Explained {
  readonly text: string;
  readonly exitCode: FailureCode;
}

/** One line for what was foreseen. For a fault of our own the stack, which is what its mender needs. */
export function explain(error: unknown): Explained {
  if (error instanceof Failure) return { text: error.message, exitCode: error.exitCode };
  if (!(error instanceof Error)) return { text: String(error), exitCode: 1 };
  const known = EXIT_CODES[error.name];
  if (known) return { text: error.message, exitCode: known };
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  // libuv's name for getcwd(3), asked when a path is relative.
  if (syscall === 'uv_cwd')
    return { text: `the working directory is gone (${code}); change to one that exists`, exitCode: 2 };
  // A system call that failed on a file: the operating system's own words name it.
  if (code && path && error.message.includes(path)) return { text: error.message, exitCode: 2 };
  return { text: `this is a fault of Spoor, please report it: ${error.stack ?? error.message}`, exitCode: 1 };
}
