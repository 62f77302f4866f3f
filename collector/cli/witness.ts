import type { Command } from 'commander';
import { defaultStateDirectory } from './state.ts';

/** Where a witness listens when nobody says otherwise; the port that litewitness took. */
const DEFAULT_LISTEN = '127.0.0.1:7380';

interface WitnessCommandOptions {
  readonly state: string;
  readonly name: string;
  readonly logs: string;
  readonly listen: string;
}

/** Registers `spoor witness`. Exit codes: 0 stopped when asked to, 2 wrong use, 3 the address cannot be taken. */
export function addWitnessCommand(program: Command): void {
  program
    .command('witness')
    .description("countersign other hosts' logs, one history each (C2SP tlog-witness over HTTP)")
    .requiredOption('--name <name>', "the witness's name, such as witness.example/spoor")
    .requiredOption(
      '--logs <file>',
      'public keys of the logs to witness: their host.pub files, one after the other',
    )
    .option('--listen <host:port>', 'where to listen', DEFAULT_LISTEN)
    .option(
      '--state <dir>',
      'folder of its key and of what it cosigned',
      `${defaultStateDirectory()}-witness`,
    )
    .action(async (options: WitnessCommandOptions) => {
      const { runWitness } = await import('./witness-run.ts');
      await runWitness(options);
    });
}
