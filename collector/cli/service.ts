import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { DEFAULT_FILE } from '../configuration/configuration.ts';
import type { Service } from '../service/service.ts';

/** Registers `spoor service`. Exit codes: 0 stopped when asked to, 2 a wrong configuration or state, 3 not possible here. */
export function addServiceCommand(program: Command): void {
  program
    .command('service')
    .description('watch this host for AI agents until told to stop; its configuration: docs/configuration.md')
    .option('--config <file>', `the configuration; ${DEFAULT_FILE} when it is there`)
    .option(
      '--end-watch',
      'take out of the kernel what a stopped service left there for the next one, and end',
    )
    .action(async (options: { config?: string; endWatch?: true }) => {
      const { leave } = await import('./leave.ts');
      await serve(options.config, options.endWatch ? 'end the watch' : 'watch');
      leave(0);
    });
}

async function serve(config: string | undefined, wanted: 'watch' | 'end the watch'): Promise<void> {
  const { defaultConfiguration, readConfiguration } = await import('../configuration/configuration.ts');
  const { createOwnLog } = await import('../service/own-log.ts');
  const { createServiceManager } = await import('../service/service-manager.ts');
  const { startService } = await import('../service/service.ts');
  const file = config ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : '');
  const reread = () => (file === '' ? defaultConfiguration() : readConfiguration(file));
  const configuration = reread();
  const log = createOwnLog(configuration.logLevel);
  const manager = createServiceManager(log);
  // On until the end: a second one must not cut short what seals the rest.
  const stopped = new Promise<NodeJS.Signals>((resolve) => {
    process.on('SIGTERM', resolve);
    process.on('SIGINT', resolve);
  });
  // What is left there is read to its end and sealed, sessions get their end: only then it is taken away.
  if (wanted === 'end the watch') {
    const { keep } = configuration.sensor;
    // A service that begins only to end would lay a log where none is, and watch the host meanwhile.
    if (keep === undefined || !existsSync(keep)) {
      log.info({ keep: keep ?? 'nowhere' }, 'no watch is kept there; nothing to end');
      return;
    }
    const service = await startService({ configuration, file, reread, log, manager });
    await service.stop('end');
    return;
  }
  let service: Service | undefined;
  let isStale = false;
  let reloading = Promise.resolve();
  process.on('SIGHUP', () => {
    if (service) reloading = service.reload();
    else isStale = true;
  });
  service = await startService({ configuration, file, reread, log, manager });
  if (isStale) reloading = service.reload();
  const signal = await stopped;
  log.info({ signal }, 'stopping');
  await reloading;
  // A service manager restarts by SIGTERM; a person who presses Ctrl-C wants it to end.
  await service.stop(signal === 'SIGINT' ? 'end' : 'keep');
}
