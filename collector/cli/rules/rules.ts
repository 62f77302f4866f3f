/** The `spoor rules` commands. */

import type { Command } from 'commander';
import { BadEvent } from '../../detect/json-event.ts';
import { BadInput } from './input.ts';

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
    .action((options) => answer('match', async () => (await import('./match.ts')).match(options)));

  rules
    .command('test')
    .description('run the tests that lie beside rules (*.test.yml)')
    .argument('<path...>', 'rule files, test files or folders')
    .option('--vars <file>', 'values of placeholders, a YAML or JSON map')
    .option('--junit <file>', 'write the results as JUnit XML too')
    .option('--json', 'print one JSON object a test')
    .action((paths, options) =>
      answer('test', async () => (await import('./test.ts')).test({ paths, ...options })),
    );
}

/** Sets the exit code; bad input is one line, never a stack trace. */
async function answer(command: string, work: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await work();
  } catch (error) {
    if (!(error instanceof BadInput || error instanceof BadEvent)) throw error;
    process.stderr.write(`spoor rules ${command}: ${error.message}\n`);
    process.exitCode = 2;
  }
}
