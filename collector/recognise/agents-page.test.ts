import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ownCatalogue } from './catalogue-file.ts';
import { EVIDENCE_KINDS, ratioOf } from './evidence.ts';
import { joinCatalogue } from './overlay.ts';
import { directoryOf } from './person/directory.ts';
import { npmPackage, plant } from './planted.ts';
import { createProcessFiles } from './process-files.ts';
import { createRecogniser } from './recognise.ts';
import { readWritten } from './written-catalogue.ts';

const PAGE = readFileSync(new URL('../../../docs/agents.md', import.meta.url), 'utf8');
const OWN = readWritten(
  'agents.yml',
  readFileSync(new URL('../../../schemas/agents.yml', import.meta.url), 'utf8'),
);

/** The fenced block after `<!-- example: name -->`, and the block after that one. */
function example(name: string): [code: string, after: string] {
  const after = PAGE.slice(PAGE.indexOf(`<!-- example: ${name} -->`));
  const blocks = [...after.matchAll(/```\w*\n([\s\S]*?)```/g)].map((found) => found[1] ?? '');
  return [blocks[0] ?? '', blocks[1] ?? ''];
}

test('the five lines on the page make an agent that is recognised by its package', (t) => {
  const [code] = example('added');
  assert.equal(code.trim().split('\n').length, 5);
  const catalogue = joinCatalogue(OWN.written, readWritten('site.yml', code));
  const root = plant(t, npmPackage('/usr/local', '@acme/helper', '2.0.1', { 'acme-helper': 'dist/main.js' }));
  const recognition = createRecogniser({ catalogue, files: () => createProcessFiles(root) }).recognise({
    pid: 1,
    executable: '/usr/bin/node',
    calledPath: '/usr/local/bin/acme-helper',
    args: ['node', '/usr/local/bin/acme-helper'],
    workingDirectory: '/srv',
    home: '/home/dev',
  });
  assert.equal(recognition?.agent, 'acme-helper');
  assert.equal(recognition?.verdict, 'agent');
  assert.equal(recognition?.version, '2.0.1');
  assert.deepEqual(catalogue.agentsOfHost('ai.acme.example'), ['acme-helper']);
});

test('the mistake on the page gives the message on the page', () => {
  const [code, message] = example('refused');
  assert.throws(() => joinCatalogue(OWN.written, readWritten('site.yml', code)), { message: message.trim() });
});

test('the changes on the page do what the page says', () => {
  const catalogue = joinCatalogue(OWN.written, readWritten('site.yml', example('changed')[0]));
  assert.ok(catalogue.agent('claude-code')?.paths.includes('/opt/acme/claude/<version>/claude'));
  assert.ok(catalogue.agent('claude-code')?.commands.includes('claude'));
  assert.deepEqual(catalogue.agent('goose')?.weakCommands, []);
  assert.equal(catalogue.agent('ollama'), undefined);
});

test('the mapping file on the page answers as the page says', () => {
  const subject = directoryOf('people.yml', example('people')[0]);
  assert.deepEqual(['bob', 'ann', 'root'].map(subject), [
    'bob.builder@example.org',
    'ann@example.org',
    undefined,
  ]);
});

test('the page names every kind of evidence with the ratio that is in force', () => {
  for (const kind of EVIDENCE_KINDS) {
    const row = PAGE.slice(PAGE.indexOf('## How sure'))
      .split('\n')
      .find((line) => line.startsWith('|') && line.includes(`\`${kind}\``));
    assert.ok(row, kind);
    const ratio = row.split('|')[2]?.trim();
    assert.equal(ratio === '1/50' ? 1 / 50 : Number(ratio), ratioOf(kind), row);
  }
});

test('the page states the true number of agents', () => {
  assert.equal(Number(/`schemas\/agents\.yml`: (\d+) agents/.exec(PAGE)?.[1]), ownCatalogue().agents.length);
});
