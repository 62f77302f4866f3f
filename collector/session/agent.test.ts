import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolder } from '../../test/at-end.ts';
import { ownCatalogue } from '../recognise/catalogue-file.ts';
import { npmPackage, plant } from '../recognise/planted.ts';
import { identifyAgent } from './agent.ts';

test('a program that a package names as its own is that package, in its version', (t) => {
  const folder = emptyFolder(t);
  const home = join(folder, 'node_modules/@openai/codex');
  fs.mkdirSync(join(home, 'bin'), { recursive: true });
  fs.writeFileSync(
    join(home, 'package.json'),
    '{"name":"@openai/codex","version":"0.169.0","bin":{"codex":"bin/codex.js"}}',
  );
  fs.writeFileSync(join(home, 'bin/codex.js'), '', { mode: 0o755 });
  fs.mkdirSync(join(folder, 'node_modules/.bin'));
  const link = join(folder, 'node_modules/.bin/codex');
  fs.symlinkSync('../@openai/codex/bin/codex.js', link);
  assert.deepEqual(identifyAgent(link, ownCatalogue()), { name: 'codex', version: '0.169.0' });
});

test("a script in somebody's project is not the project", (t) => {
  const folder = emptyFolder(t);
  fs.writeFileSync(join(folder, 'package.json'), '{"name":"shop","version":"1.0.0","bin":"shop.js"}');
  fs.mkdirSync(join(folder, 'scripts'));
  fs.writeFileSync(join(folder, 'scripts/deploy.sh'), '');
  assert.deepEqual(identifyAgent(join(folder, 'scripts/deploy.sh'), ownCatalogue()), {
    name: 'deploy.sh',
    version: undefined,
  });
  fs.writeFileSync(join(folder, 'package.json'), 'no json');
  assert.deepEqual(identifyAgent(join(folder, 'scripts/deploy.sh'), ownCatalogue()), {
    name: 'deploy.sh',
    version: undefined,
  });
});

test('what the catalogue knows is called as there, and as the service calls it; another package by its own name', (t) => {
  for (const [name, command, agent] of [
    ['@github/copilot', 'copilot', 'copilot-cli'],
    ['opencode-ai', 'opencode', 'opencode'],
    ['@acme/copilot', 'acme-copilot', 'copilot'],
  ] as const) {
    const root = plant(t, npmPackage('/usr/local', name, '1.2.3', { [command]: 'bin/run.js' }));
    assert.deepEqual(identifyAgent(join(root, 'usr/local/bin', command), ownCatalogue()), {
      name: agent,
      version: '1.2.3',
    });
  }
});
