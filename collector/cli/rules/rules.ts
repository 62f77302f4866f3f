/** The `spoor rules` commands. */

import type { Command } from 'commander';
import { BadInput } from './input.ts';
import { match } from './match.ts';

/** Adds `rules` and its commands to the program. Exit codes: 0 done, 1 the answer is no, 2 bad input. */
export function addRulesCommand(program: Command): void {
  const rules = program.command('rules').description('check, test, match and explain detection rules');

  rules
    .command('match')
    .description('print which rules match which events of a file')
    .requiredOption('--rules <path>', 'rule file, or folder of rule files')
    .requiredOption('--events <file>', 'events, one JSON object a line')
    .option('--no-routing', 'ask every rule of every event, whatever its log source')
    .option('--vars <file>', 'values of placeholders, a YAML or JSON map')
    .action((options) => answer('match', match(options)));
}

/** Sets the exit code; bad input is one line, never a stack trace. */
async function answer(command: string, work: Promise<number>): Promise<void> {
  try {
    process.exitCode = await work;
  } catch (error) {
    if (!(error instanceof BadInput)) throw error;
    process.stderr.write(`spoor rules ${command}: ${error.message}\n`);
    process.exitCode = 2;
  }
}
