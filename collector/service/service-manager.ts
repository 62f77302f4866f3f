/** Tells systemd how the service does (sd_notify(3)); does nothing where nobody asked to be told. */

import { loadNative } from '../../sensors/linux/native.ts';
import type { OwnLog } from './own-log.ts';

export interface ServiceManager {
  ready(): void;
  /** Before a reload; ready() ends it. */
  reloading(): void;
  stopping(): void;
  /** One line for `systemctl status`. */
  status(line: string): void;
  /** Ends the watchdog's messages. */
  close(): void;
}

export function createServiceManager(log: OwnLog, environment = process.env): ServiceManager {
  const { NOTIFY_SOCKET: path, WATCHDOG_USEC: watchdogUs, WATCHDOG_PID: watchdogPid } = environment;
  const isForUs = watchdogPid === undefined || Number(watchdogPid) === process.pid;

  function tell(text: string): void {
    if (!path) return;
    try {
      loadNative().notify(path, text);
    } catch (error) {
      log.warn({ cause: (error as Error).message }, 'the service manager could not be told');
    }
  }

  // Twice an interval, as sd_watchdog_enabled(3) asks. From the event loop, so a service that hangs is restarted.
  const timer =
    path && watchdogUs && isForUs
      ? setInterval(() => tell('WATCHDOG=1'), Number(watchdogUs) / 2_000).unref()
      : undefined;
  // What could take these variables on would speak for us (sd_notify(3): unset_environment).
  delete environment.NOTIFY_SOCKET;
  delete environment.WATCHDOG_USEC;
  delete environment.WATCHDOG_PID;

  return {
    ready: () => tell('READY=1'),
    // Type=notify-reload wants the monotonic time with it.
    reloading: () => tell(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1_000n}`),
    stopping: () => tell('STOPPING=1'),
    status: (line) => tell(`STATUS=${line.replaceAll('\n', ' ')}`),
    close: () => clearInterval(timer),
  };
}
