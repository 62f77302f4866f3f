import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { DEFAULT_FILE } from '../configuration/configuration.ts';

/** Registers `spoor config`. Exit codes: 0 the file can be used, 2 it has mistakes, which are printed. */
export function addConfigCommand(program: Command): void {
  program
    .command('config')
    .description('the configuration of the service')
    .command('check')
    .description('read the configuration as the service would, and tell every mistake in it')
    .argument('[file]', 'the file', DEFAULT_FILE)
    .action(async (file: string) => {
      process.exitCode = await checkConfiguration(file);
    });
}

async function checkConfiguration(file: string): Promise<number> {
  const { BadInput } = await import('../recognise/bad-input.ts');
  const { defaultConfiguration, readConfiguration } = await import('../configuration/configuration.ts');
  const { shipFileFaults } = await import('../configuration/ship.ts');
  const { readNamedFiles } = await import('../configuration/named-files.ts');
  const isAbsent = file === DEFAULT_FILE && !existsSync(file);
  try {
    const configuration = isAbsent ? defaultConfiguration() : readConfiguration(file);
    const problems = shipFileFaults(configuration.ship);
    const named = await readNamedFiles(configuration).catch((error) => {
      if (!(error instanceof BadInput)) throw error;
      problems.unshift(...error.problems);
      return undefined;
    });
    if (!named || problems.length > 0) throw new BadInput(problems);
    const { catalogue, rules } = named;
    const found = `${catalogue.agents.length} agents, ${rules.detections.length + rules.correlations.length} rules`;
    process.stdout.write(
      isAbsent ? `there is no ${file}: the defaults are in force (${found})\n` : `${file}: good (${found})\n`,
    );
    return 0;
  } catch (error) {
    if (!(error instanceof BadInput)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
}
