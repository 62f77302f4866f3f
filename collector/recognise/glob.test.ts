import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownCatalogue } from './catalogue-file.ts';
import { alternatives, compileGlob, compileHost, globFault } from './glob.ts';

const MATCHES: readonly [glob: string, path: string, version: string | undefined][] = [
  ['~/.x/bin/x', '/home/ann/.x/bin/x', ''],
  ['~/.x/bin/x', '/root/.x/bin/x', ''],
  ['~/.x/bin/x', '/.x/bin/x', ''],
  ['~/.x/bin/x', '/home/ann/.x/bin/xx', undefined],
  ['**/acme/{a.js,dist/b.js}', '/n/acme/a.js', ''],
  ['**/acme/{a.js,dist/b.js}', '/n/acme/dist/b.js', ''],
  ['**/acme/{a.js,dist/b.js}', '/n/acme/b.js', undefined],
  ['**/acme/**/run', '/acme/run', ''],
  ['**/acme/**/run', '/o/acme/1/2/run', ''],
  ['~/acme/<version>/run', '/home/ann/acme/1.2.3-beta/run', '1.2.3-beta'],
  ['**/ext/acme-<version>/run', '/e/ext/acme-0.4/run', '0.4'],
  ['/opt/[Aa]cme/*', '/opt/Acme/run', ''],
  ['/opt/[Aa]cme/*', '/opt/Acme/bin/run', undefined],
  ['/opt/acme/**', '/opt/acme/bin/run', ''],
  ['/opt/a.me', '/opt/axme', undefined],
];

for (const [glob, path, version] of MATCHES)
  test(`${glob} ${version === undefined ? 'leaves out' : 'takes'} ${path}${version ? ` as version ${version}` : ''}`, () => {
    assert.equal(compileGlob(glob).match(path), version);
  });

test('the key of a glob is a segment of every path that it takes, for every glob of the catalogue', () => {
  for (const agent of ownCatalogue().agents)
    for (const source of [...agent.paths, ...agent.weakPaths, ...agent.appPaths])
      for (const plain of alternatives(source)) {
        const path = plain
          .replace(/^~\//, '/home/ann/')
          .replace(/^\*\*\//, '/any/where/')
          .replaceAll('**/', 'deep/er/')
          .replaceAll('**', 'deep/er')
          .replaceAll('<version>', '1.2.3')
          .replace(/\[(.)[^\]]*\]/g, '$1')
          .replaceAll('*', 'x');
        const { key, match } = compileGlob(source);
        assert.notEqual(match(path), undefined, `${source} ${path}`);
        assert.ok(key !== undefined && path.split('/').includes(key), `${source} ${key} ${path}`);
      }
});

test('a glob is refused when nothing in it is one agent’s own', () => {
  for (const glob of [
    '**/*',
    '/**',
    '~/*',
    '~/.local/bin/*',
    '/usr/**',
    '**/node_modules/*/dist/index.js',
    '**/{a,b}',
  ])
    assert.ok(globFault(glob), glob);
  for (const glob of ['~/.acme/*', '**/acme/index.js', '/usr/bin/acme'])
    assert.equal(globFault(glob), undefined);
});

test('a path of 4,096 bytes that nearly matches is answered without going back again and again', () => {
  const path = `/${'a/'.repeat(2_000)}acme/x`;
  assert.equal(compileGlob('**/acme/**/b*c*d').match(path), undefined);
});

test('a host glob takes names below it and nothing that only ends alike', () => {
  assert.ok(compileHost('*.acme.example')('api.acme.example'));
  assert.ok(!compileHost('*.acme.example')('acme.example.evil'));
  assert.ok(!compileHost('api.acme.example')('apixacme.example'));
});
