import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { DEFAULT_FILE } from '../configuration/configuration.ts';

/** Registers `spoor service`. Exit codes: 0 stopped when asked to, 2 a wrong configuration or state, 3 not possible here. */
export function addServiceCommand(program: Command): void {
  program
    .command('service')
    .description('watch this host for AI agents until told to stop; its configuration: docs/configuration.md')
    .option('--config <file>', `the configuration; ${DEFAULT_FILE} when it is there`)
    .action(async (options: { config?: string }) => {
      const { leave } = await import('./leave.ts');
      await serve(options.config);
      leave(0);
    });
}

async function serve(config: string | undefined): Promise<void> {
  const { defaultConfiguration, readConfiguration } = await import('../configuration/configuration.ts');
  const { createOwnLog } = await import('../service/own-log.ts');
  const { createServiceManager } = await import('../service/service-manager.ts');
  const { startService } = await import('../service/service.ts');
  const file = config ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : '');
  const reread = () => (file === '' ? defaultConfiguration() : readConfiguration(file));
  const configuration = reread();
  const log = createOwnLog(configuration.logLevel);
  const manager = createServiceManager(log);
  const stopped = new Promise<NodeJS.Signals>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  const service = await startService({ configuration, file, reread, log, manager });
  let reloading = Promise.resolve();
  process.on('SIGHUP', () => {
    reloading = reloading.then(() => service.reload());
  });
  log.info('stopping', { signal: await stopped });
  await reloading;
  await service.stop();
}
