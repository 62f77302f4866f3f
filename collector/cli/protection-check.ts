/** Whether what a session does to the service is refused on this host or only reported, and why (docs/install.md). */

import type { Sensor } from '../../sensors/sensor.ts';
import type { Configuration } from '../configuration/configuration.ts';
import type { Check } from './host-checks.ts';

export interface Protection {
  readonly acts: 'refused' | 'reported';
  readonly check: Check;
}

/** @param file the configuration's; empty where there is none */
export function checkProtection(
  sensor: Pick<Sensor, 'facts' | 'guard' | 'running'>,
  protect: Configuration['protect'],
  file: string,
): Protection {
  const { tier, tierReason } = sensor.facts;
  const missing = refusalsMissing(sensor);
  const setting = `protect: ${protect}${file === '' ? '' : ` in ${file}`}`;
  if (missing === undefined)
    return reported(`tier ${tier} cannot refuse (${tierReason ?? 'none other here'})`);
  if (protect === 'report') return reported(`${setting}; tier ${tier} could refuse it`);
  const rest = missing.length === 0 ? '' : `; reported only: ${missing.join(', ')}`;
  return {
    acts: 'refused',
    check: {
      subject: 'protect',
      state: 'good',
      detail: `what a session does to the service is refused (tier ${tier}, ${setting})${rest}`,
    },
  };
}

function reported(why: string): Protection {
  return {
    acts: 'reported',
    check: {
      subject: 'protect',
      state: 'not_yet',
      detail: `what a session does to the service is reported and not refused: ${why}`,
    },
  };
}

/** Tried on ourselves: a sensor that nobody is bound by for longer than this process lives. */
function refusalsMissing(sensor: Pick<Sensor, 'guard' | 'running'>): readonly string[] | undefined {
  const self = sensor.running().find(({ process: { pid } }) => pid === process.pid)?.process;
  return self && sensor.guard?.({ process: self, files: [] });
}
