import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownCatalogue } from '../recognise/catalogue-file.ts';
import type { Person } from '../recognise/person/person.ts';
import { plant } from '../recognise/planted.ts';
import { createProcessFiles } from '../recognise/process-files.ts';
import { createRecogniser } from '../recognise/recognise.ts';
import { createFinder } from './finder.ts';

const PERSON: Person = {
  user: { id: 1000, name: 'ann' },
  login: undefined,
  loginSession: undefined,
  terminal: undefined,
  startedBy: 'console',
  through: [],
  changes: [],
  directorySubject: undefined,
};

test('a program is told as a candidate once for each user, also when its process has ended before it could be asked', (t) => {
  const living = new Set([1]);
  const finder = createFinder({
    sensor: { judge: () => {}, tag: () => {}, running: () => [], kept: undefined },
    recogniser: createRecogniser({
      catalogue: ownCatalogue(),
      files: () => createProcessFiles(plant(t, {})),
    }),
    personOf: (pid) => (living.has(pid) ? PERSON : undefined),
    homeOf: () => undefined,
    newTag: () => 1,
  });
  const greets = (pid: number, userId: number) =>
    finder.contacted?.({
      process: { pid, startNs: BigInt(pid) },
      program: {
        executablePath: '/usr/bin/python3.11',
        executableName: 'python3.11',
        args: ['python3', '/opt/a.py'],
        workingDirectory: '/',
      },
      userId,
      how: 'greeted',
      host: 'api.openai.com',
    }).candidate?.['spoor.agent.root'];
  assert.deepEqual(
    [greets(1, 1000), greets(2, 1000), greets(3, 1000), greets(1, 1001), greets(4, 1001)],
    ['/opt/a.py', undefined, undefined, '/opt/a.py', undefined],
  );
});
