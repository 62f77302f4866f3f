import type { Command } from 'commander';
import { defaultStateDirectory } from './state.ts';

/** Registers `spoor status` and `spoor top`. Exit codes: 0 a service answered, 1 none runs, 2 it refused. */
export function addStatusCommands(program: Command): void {
  program
    .command('status')
    .description('how the service on this host does: sessions, losses, receivers, what it costs')
    .option('--state <dir>', 'state folder of the service', defaultStateDirectory())
    .option('--json', 'print one JSON object')
    .action(async (options: { state: string; json?: true }) => {
      const { printStatus } = await import('./status-print.ts');
      process.exitCode = await printStatus(options.state, options.json ? 'json' : 'text');
    });
  program
    .command('top')
    .description('live sessions of AI agents, the busiest first, again and again')
    .option('--state <dir>', 'state folder of the service', defaultStateDirectory())
    .option('--interval <seconds>', 'between two looks', '2')
    .option('--count <looks>', 'end after so many')
    .option('--json', 'print one JSON object a look')
    .action(async (options: { state: string; interval: string; count?: string; json?: true }) => {
      const { printTop } = await import('./status-print.ts');
      process.exitCode = await printTop({ ...options, form: options.json ? 'json' : 'text' });
    });
}
