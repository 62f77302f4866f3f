/** An agent that a security team adds: by the very lines of docs/agents.md, in the file that the configuration names. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolder } from '../at-end.ts';
import { CHECKOUT } from '../checkout.ts';
import { eventsIn, needsRoot, run, spoor } from '../system/spoor.ts';
import { plantPackage } from './agent.ts';
import { startsNaming } from './own-sessions.ts';
import { startService } from './running.ts';

/** The first example of the page. */
function linesOfThePage(): string {
  const page = readFileSync(join(CHECKOUT, 'docs/agents.md'), 'utf8');
  const lines = /<!-- example: added -->\n```yaml\n(.*?)```/s.exec(page)?.[1];
  assert.ok(lines);
  return lines;
}

test(
  'the five lines of the page make a package an agent: config check takes them, and the service finds it',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const entries = join(folder, 'agents.yml');
    writeFileSync(entries, linesOfThePage());
    assert.equal(linesOfThePage().trimEnd().split('\n').length, 5);
    const service = await startService(t, { folder, configuration: `recognise:\n  agents: ${entries}\n` });
    const checked = await spoor(['config', 'check', service.configuration]);
    assert.equal(checked.code, 0, checked.stderr);
    const { command, version } = plantPackage(
      join(folder, 'usr'),
      '@acme/helper',
      'acme-helper',
      '2.0.1',
      "console.log('helped');\n",
    );
    assert.equal((await run(command, [])).code, 0);
    assert.equal((await run('node', [command])).code, 0);
    await service.stop();
    const starts = startsNaming(await eventsIn(service.state), folder);
    assert.deepEqual(
      starts.map(({ attributes }) => [
        attributes['gen_ai.agent.name'],
        attributes['gen_ai.agent.version'],
        attributes['spoor.agent.band'],
      ]),
      [
        ['acme-helper', version, 'very_high'],
        ['acme-helper', version, 'very_high'],
      ],
    );
  },
);
