/** What the service knows of agents, people and rules: made from the configuration, and made anew by a reload. */

import { createUserNames } from '../attribute/users.ts';
import type { Configuration } from '../configuration/configuration.ts';
import { readNamedFiles } from '../configuration/named-files.ts';
import { createClassify } from '../detect/classify.ts';
import { createDetect, type Detect } from '../detect/detect.ts';
import { prepare } from '../detect/prepare.ts';
import { createMarkWatcher, mountNamespaces, ownPlaces, type WatcherPlaces } from '../detect/watcher.ts';
import type { Catalogue } from '../recognise/catalogue.ts';
import { createPersonReader, type Person } from '../recognise/person/person.ts';
import { createProcReader } from '../recognise/person/proc.ts';
import { createRecogniser, type Recogniser } from '../recognise/recognise.ts';
import { createFilesOf } from '../recognise/running.ts';
import { ownCgroup } from './own-cgroup.ts';

/** Where settings lie (docs/configuration.md). */
const CONFIGURATION = '/etc/spoor';
/** What systemd starts, and what may change that. */
const UNIT = [
  '/usr/lib/systemd/system/spoor.service',
  '/etc/systemd/system/spoor.service',
  '/etc/systemd/system/spoor.service.d',
  '/etc/systemd/system.control/spoor.service.d',
  '/run/systemd/system/spoor.service.d',
];

export interface Knowledge {
  readonly catalogue: Catalogue;
  readonly recogniser: Recogniser;
  readonly personOf: (pid: number) => Person | undefined;
  readonly detect: Detect;
  /** What of Spoor sessions must not lay hands on. */
  readonly places: WatcherPlaces['places'];
}

/** @param file the configuration's; empty where there is none. @throws BadInput with every mistake of every file */
export async function readKnowledge(configuration: Configuration, file: string): Promise<Knowledge> {
  const { catalogue, directorySubject, rules } = await readNamedFiles(configuration);
  const { runtime, recognise, sensor } = configuration;
  const settings = [file, recognise.agents, recognise.people, ...configuration.rules.paths];
  const places = {
    ...ownPlaces(),
    configuration: [CONFIGURATION, ...UNIT, runtime, ...settings.filter((path) => !!path)] as string[],
    pins: sensor.keep === undefined ? [] : [sensor.keep],
    cgroup: ownCgroup(),
  };
  const detect = createDetect({
    rules,
    ruleset: 'spoor',
    product: 'linux',
    classify: createClassify(catalogue),
    markWatcher: createMarkWatcher({
      pid: process.pid,
      state: configuration.state,
      places,
      mounts: mountNamespaces(),
    }),
  });
  await prepare(detect);
  return {
    catalogue,
    recogniser: createRecogniser({ catalogue, files: createFilesOf() }),
    personOf: createPersonReader({ proc: createProcReader(), userName: createUserNames(), directorySubject }),
    detect,
    places,
  };
}
