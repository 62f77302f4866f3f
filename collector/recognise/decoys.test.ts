import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownCatalogue } from './catalogue-file.ts';
import { DECOYS, HOME, USED_AGENTS } from './decoys.ts';
import { plant } from './planted.ts';
import { createProcessFiles } from './process-files.ts';
import { createRecogniser } from './recognise.ts';

const catalogue = ownCatalogue();

test('there are at least 50 decoys', () => assert.ok(DECOYS.length >= 50, String(DECOYS.length)));

for (const decoy of DECOYS) {
  test(`not an agent, in a home where agents are used: ${decoy.what}`, (t) => {
    const root = plant(t, { ...USED_AGENTS, ...decoy.tree });
    const environment = Buffer.from(
      Object.entries(decoy.environment ?? {})
        .map(([name, value]) => `${name}=${value}\0`)
        .join(''),
    );
    const files = { ...createProcessFiles(root), environment: () => environment };
    const recognition = createRecogniser({ catalogue, files: () => files }).recognise({
      pid: 1,
      executable: decoy.executable,
      calledPath: decoy.executable,
      args: decoy.args,
      workingDirectory: `${HOME}/work`,
      home: HOME,
      startedByApp: decoy.startedByApp,
    });
    assert.ok(recognition?.verdict !== 'agent', JSON.stringify(recognition));
  });
}
