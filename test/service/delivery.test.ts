/** What a service delivers, and what `spoor status` and /metrics tell of it. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolder } from '../at-end.ts';
import { receiverFor } from '../receivers/shipped-log.ts';
import { needsRoot, spoor } from '../system/spoor.ts';
import { startService } from './running.ts';
import { scrape } from './scrape.ts';

const CANARY = 'canary-77aa10c4e2';

test(
  'two receivers are served, each by its own settings; status and metrics tell how far, and the token nowhere',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const token = join(folder, 'token');
    writeFileSync(token, `${CANARY}\n`, { mode: 0o600 });
    const [byHttp, hanging] = [await receiverFor(t, { carrier: 'http' }), await receiverFor(t)];
    await byHttp.tell('all', `token ${CANARY}`);
    await hanging.tell('all', 'hang');
    const service = await startService(t, {
      folder,
      configuration: `log_level: debug
ship:
  - endpoint: ${byHttp.url}
    protocol: http/json
    compression: gzip
    headers: { authorization: { file: ${token}, prefix: "Bearer " } }
  - endpoint: ${hanging.url}
`,
    });
    await byHttp.until(() => byHttp.logs.some(({ event_name }) => event_name === 'log.checkpoint'));
    await hanging.until(() => hanging.requests.length > 0); // one was given up after its 10 s

    const json = await spoor(['status', '--state', service.state, '--json']);
    const [first, second] = JSON.parse(json.stdout.toString()).ship;
    assert.equal(first.destination, byHttp.url);
    assert.equal(first.protocol, 'http/json');
    assert.equal(first.trouble, '');
    assert.equal(second.destination, hanging.url);
    assert.ok(
      second.lag_records > 0 && second.lag_bytes > 0 && second.lag_seconds >= 10,
      JSON.stringify(second),
    );
    assert.match(second.trouble, /^DEADLINE_EXCEEDED/);

    const text = (await spoor(['status', '--state', service.state])).stdout.toString();
    assert.match(text, new RegExp(`${hanging.url} .*\\d+ records, \\d+ KiB, \\d+ s behind`));
    const figures = await scrape(service.runtime);
    assert.match(
      figures,
      new RegExp(`spoor_ship_lag_size_bytes\\{spoor_ship_destination="${hanging.url}"\\} [1-9]`),
    );
    assert.equal(await service.stop(), 0);

    const after = await spoor(['status', '--state', service.state, '--json']);
    assert.equal(after.code, 1);
    const { ship } = JSON.parse(after.stdout.toString());
    assert.deepEqual(
      ship.map((one: { destination: string }) => one.destination).sort(),
      [byHttp.url, hanging.url].sort(),
    );
    const said = JSON.stringify(service.said) + json.stdout + text + figures + after.stdout;
    assert.doesNotMatch(said, new RegExp(CANARY));
  },
);
