/** The `spoor rules` commands. */

import type { Command } from 'commander';
import { BadEvent } from '../../detect/json-event.ts';
import { endWithReader } from '../output.ts';
import { BadInput } from './input.ts';
import { warn } from './say.ts';

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
    .command('check')
    .description('tell what is refused, will never match, or could be better')
    .argument('<path...>', 'rule files or folders')
    .option('--vars <file>', 'values of placeholders, a YAML or JSON map')
    .option('--product <name>', 'operating system whose events are at hand', 'linux')
    .option('--json', 'print one JSON object a finding')
    .action((paths, options) =>
      answer('check', async () => (await import('./check.ts')).check({ paths, ...options })),
    );

  rules
    .command('backtest')
    .description(
      'run a set of rules, and the one before it, over past events; tell what differs and what each costs',
    )
    .requiredOption('--rules <path>', 'rule file, or folder of rule files')
    .option('--old <path>', 'the set before the change')
    .option('--events <file>', 'events, one JSON object a line, such as spoor events --json prints')
    .option('--state <dir>', 'a state folder: the events of its log')
    .option('--session <id>', 'of the log only this session: its id, the beginning of it, or last')
    .option('--recording <file>', 'what spoor run --record wrote')
    .option('--vars <file>', 'values of placeholders, a YAML or JSON map')
    .option('--json', 'print one JSON object a rule')
    .action((options) => answer('backtest', async () => (await import('./backtest.ts')).backtest(options)));

  rules
    .command('coverage')
    .description('list ATT&CK techniques with their rules, and rules that cannot fire or never fired')
    .argument('<path...>', 'rule files or folders')
    .option('--events <file>', 'events in which rules may have fired')
    .option('--state <dir>', 'a state folder: the events of its log')
    .option('--vars <file>', 'values of placeholders, a YAML or JSON map')
    .option('--product <name>', 'operating system whose events are at hand', 'linux')
    .option('--json', 'print one JSON object')
    .action((paths, options) =>
      answer('coverage', async () => (await import('./coverage.ts')).coverage({ paths, ...options })),
    );

  rules
    .command('import')
    .description('copy rules that others wrote, those that can work here, tuned to ordinary work')
    .argument('<from>', 'folder of Sigma rules, such as a checkout')
    .requiredOption('--to <dir>', 'new folder for them')
    .option('--product <name>', 'operating system whose events are at hand', 'linux')
    .option('--keep-levels', 'do not lower the level of rules that fire on ordinary work')
    .option('--host', 'judge events outside sessions too')
    .option('--json', 'print one JSON object a rule')
    .action((from, options) =>
      answer('import', async () => (await import('./import.ts')).importRules({ from, ...options })),
    );

  rules
    .command('explain')
    .description('tell why rules match an event or not, node by node')
    .requiredOption('--rules <path>', 'rule file, or folder of rule files')
    .option('--events <file>', 'events, one JSON object a line; correlations see those before too')
    .option('--state <dir>', 'a state folder: the events of its log')
    .option('--session <id>', 'of the log only this session: its id, the beginning of it, or last')
    .option('--recording <file>', 'what spoor run --record wrote')
    .option('--rule <name>', 'id, name or title of one rule; without it, every rule that matches')
    .option('--event <number>', 'number of the event, from 0; the last when left out')
    .option('--vars <file>', 'values of placeholders, a YAML or JSON map')
    .option('--json', 'print one JSON object a rule')
    .action((options) => answer('explain', async () => (await import('./explain.ts')).explain(options)));

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
  endWithReader();
  try {
    process.exitCode = await work();
  } catch (error) {
    if (!(error instanceof BadInput || error instanceof BadEvent)) throw error;
    warn(`spoor rules ${command}: ${error.message}`);
    process.exitCode = 2;
  }
}
