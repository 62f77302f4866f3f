/** Every command of `spoor` with its options; a command's own code is loaded only when it is the one asked for. */

import { Command } from 'commander';
import { addConfigCommand } from './config.ts';
import { addInventoryCommand } from './inventory.ts';
import { addKeyCommand } from './key.ts';
import { addRulesCommand } from './rules/rules.ts';
import { addServiceCommand } from './service.ts';
import { leaveStreamsAlone } from './shared-streams.ts';
import { defaultStateDirectory } from './state.ts';
import { addStatusCommands } from './status.ts';
import { writeAll } from './terminal.ts';
import { addVerifyCommand } from './verify.ts';
import { version } from './version.ts';
import { addWitnessCommand } from './witness.ts';

const STDOUT = 1;
const STATE = ['--state <dir>', 'folder of key, log and positions', defaultStateDirectory()] as const;

export function createProgram(): Command {
  const program = new Command('spoor')
    .description('Records what AI agents do on this endpoint, in a log that nobody can quietly change.')
    .version(version)
    .enablePositionalOptions()
    .showHelpAfterError(false)
    .configureOutput({ outputError: () => {}, writeOut: (text) => writeAll(STDOUT, text) })
    .exitOverride();
  program
    .command('run')
    .description('run COMMAND under watch; ends with COMMAND, with its exit code, and with a report')
    .usage('[options] -- COMMAND...')
    .argument('<command...>', 'the program and its arguments, as they are')
    .option(...STATE)
    .option(
      '--otlp <url>',
      'ship the log to this OTLP receiver: http://HOST:4317 (gRPC) or http://HOST:4318 (HTTP); see docs/delivery.md',
    )
    .option('--record <file>', 'write what the sensor saw to this file too, UNREDACTED, for replays')
    .option('--json', 'print the report as one JSON object')
    .passThroughOptions()
    .action(
      async (command: string[], options: { state: string; otlp?: string; record?: string; json?: true }) => {
        leaveStreamsAlone();
        const { run } = await import('./run.ts');
        // Before the run: COMMAND may put another Spoor in this one's place, and its exit code must still be told.
        const { leave } = await import('./leave.ts');
        const { state, otlp, record, json } = options;
        leave(await run(command, { state, otlp, record, report: json ? 'json' : 'text' }));
      },
    );
  program
    .command('events')
    .description('print recorded events')
    .option(...STATE)
    .option('--follow', 'go on with events as they are recorded')
    .option('--session <id>', 'of this session only: its id, the beginning of it, or "last"')
    .option('--event <glob>', 'of these names only, such as "file.*"')
    .option('--json', 'print one JSON object a line')
    .action(async (options) => {
      const { printEvents } = await import('./events.ts');
      await printEvents({
        ...options,
        form: options.json ? 'json' : 'text',
        until: options.follow ? 'stopped' : 'end',
      });
    });
  program
    .command('report')
    .description('what one session did, for a person')
    .argument('<session>', 'its id, the beginning of it, or "last"')
    .option(...STATE)
    .option('--json', 'print one JSON object')
    .action(async (session: string, options: { state: string; json?: true }) => {
      const { printReport } = await import('./report.ts');
      await printReport(session, options.state, options.json ? 'json' : 'text');
    });
  program
    .command('doctor')
    .description('what this host can and cannot see, and what to do about it')
    .option(...STATE)
    .option('--json', 'print one JSON object')
    .action(async (options: { state: string; json?: true }) => {
      const { printDiagnosis } = await import('./doctor.ts');
      process.exitCode = await printDiagnosis(options.state, options.json ? 'json' : 'text');
    });
  addConfigCommand(program);
  addInventoryCommand(program);
  addVerifyCommand(program);
  addKeyCommand(program);
  addRulesCommand(program);
  addServiceCommand(program);
  addWitnessCommand(program);
  addStatusCommands(program);
  for (const command of program.commands) command.copyInheritedSettings(program);
  return program;
}
