import type { Command } from 'commander';
import type { KeyOptions } from './key-actions.ts';
import { defaultStateDirectory } from './state.ts';

/** Registers `spoor key show` and `spoor key rotate`. */
export function addKeyCommand(program: Command): void {
  const state = ['--state <dir>', 'folder of the log and its key', defaultStateDirectory()] as const;
  const key = program.command('key').description('the key that signs the log');
  key
    .command('show')
    .description('say which key signs, how it is kept, and which keys signed before')
    .option(...state)
    .option('--json', 'print one JSON object')
    .action(async (options: KeyOptions) => (await import('./key-actions.ts')).showKey(options));
  key
    .command('rotate')
    .description('make a new key; the old one signs it, and the log goes on, also while it is being written')
    .option(...state)
    .action(async (options: KeyOptions) => (await import('./key-actions.ts')).rotateKey(options));
}
