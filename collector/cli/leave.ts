import { loadNative } from '../../sensors/linux/native.ts';

/**
 * Ends `spoor run` with COMMAND's exit code and nothing else. Node's own exit would give the terminal the settings it
 * had before COMMAND (`stty` under watch would have no effect), and would wait for a hashing thread that a dead file
 * system holds. Everything that must be written has been written by now.
 */
export function leave(exitCode: number): never {
  return loadNative().leave(exitCode);
}
