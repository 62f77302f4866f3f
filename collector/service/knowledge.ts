/** What the service knows of agents, people and rules: made from the configuration, and made anew by a reload. */

import { createUserNames } from '../attribute/users.ts';
import type { Configuration } from '../configuration/configuration.ts';
import { readNamedFiles } from '../configuration/named-files.ts';
import { createClassify } from '../detect/classify.ts';
import { createDetect, type Detect } from '../detect/detect.ts';
import { prepare } from '../detect/prepare.ts';
import { createMarkWatcher, ownPlaces } from '../detect/watcher.ts';
import type { Catalogue } from '../recognise/catalogue.ts';
import { createPersonReader, type Person } from '../recognise/person/person.ts';
import { createProcReader } from '../recognise/person/proc.ts';
import { createRecogniser, type Recogniser } from '../recognise/recognise.ts';
import { createFilesOf } from '../recognise/running.ts';

/** Where settings lie (docs/configuration.md). */
const CONFIGURATION = '/etc/spoor';

export interface Knowledge {
  readonly catalogue: Catalogue;
  readonly recogniser: Recogniser;
  readonly personOf: (pid: number) => Person | undefined;
  readonly detect: Detect;
}

/** @throws BadInput with every mistake of every file */
export async function readKnowledge(configuration: Configuration): Promise<Knowledge> {
  const { catalogue, directorySubject, rules } = await readNamedFiles(configuration);
  const detect = createDetect({
    rules,
    ruleset: 'spoor',
    product: 'linux',
    classify: createClassify(catalogue),
    markWatcher: createMarkWatcher({
      pid: process.pid,
      state: configuration.state,
      places: {
        ...ownPlaces(),
        configuration: [CONFIGURATION, configuration.runtime, ...configuration.rules.paths],
        pins: configuration.sensor.keep === undefined ? [] : [configuration.sensor.keep],
      },
    }),
  });
  await prepare(detect);
  return {
    catalogue,
    recogniser: createRecogniser({ catalogue, files: createFilesOf() }),
    personOf: createPersonReader({ proc: createProcReader(), userName: createUserNames(), directorySubject }),
    detect,
  };
}
