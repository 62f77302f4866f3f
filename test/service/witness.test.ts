/** A service and its witness, each a process of its own. */

import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolder } from '../at-end.ts';
import { needsRoot, spoor } from '../system/spoor.ts';
import { startWitness } from '../witness.ts';
import { startService } from './running.ts';

test(
  'all that a service recorded is witnessed when it has ended, and the log rolled back and gone on with is refused',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const first = await startService(t, { folder });
    assert.equal(await first.stop(), 0);
    const witness = await startWitness(
      t,
      ...['--name', 'w.example', '--logs', join(first.state, 'key/host.pub')],
      ...['--listen', '127.0.0.1:0', '--state', join(folder, 'witness')],
    );
    const configuration = `witness:\n  - { url: "${witness.url}", key: "${witness.key}" }\n`;
    const believed = ['--witness', join(folder, 'witness/key/witness.pub')];
    cpSync(first.state, join(folder, 'kept'), { recursive: true });

    const service = await startService(t, { folder, configuration });
    assert.equal((await spoor(['run', '--state', service.state, '--', 'true'])).code, 0);
    assert.equal(await service.stop(), 0);
    const judged = await spoor(['verify', '--state', service.state, '--json', ...believed]);
    assert.equal(judged.code, 0, judged.stderr.toString());
    const verdict = JSON.parse(judged.stdout.toString());
    assert.equal(verdict.closed, true);
    assert.deepEqual(
      verdict.witnessed.map(({ name, size }: { name: string; size: number }) => [name, size]),
      [['w.example', verdict.size]],
    );
    // The file with the witness's line in it is no hindrance to the next writer.
    const again = await startService(t, { folder, configuration });
    assert.equal(await again.stop(), 0);
    assert.equal((await spoor(['verify', '--state', service.state, ...believed])).code, 0);

    // Whoever has disk and key puts the old log back, and goes on from there.
    const other = join(folder, 'other');
    cpSync(join(folder, 'kept'), join(other, 'state'), { recursive: true });
    const rewritten = await startService(t, { folder: other, configuration });
    assert.equal(await rewritten.stop(), 0);
    const events = await spoor(['events', '--state', rewritten.state, '--event', 'log.witness', '--json']);
    const answers = events.stdout.toString().trim().split('\n');
    assert.match(answers[0] ?? '', /"spoor\.witness\.outcome":"refused"/);
    const refused = await spoor(['verify', '--state', rewritten.state, '--json', ...believed]);
    assert.deepEqual(JSON.parse(refused.stdout.toString()).witnessed, []);
  },
);
