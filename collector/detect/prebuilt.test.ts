import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadRuleSet } from './load.ts';
import { builtinRules, readRuleFiles } from './pack.ts';
import { readPlaceholders } from './placeholder-file.ts';
import { PREBUILT, prebuiltRules, prebuiltText } from './prebuilt.ts';
import { readRules } from './read.ts';
import { linkRules } from './ruleset.ts';

/** A copy of the rules that come with Spoor, with what a build makes of them. */
function built(t: { after(done: () => void): void }): string {
  const root = mkdtempSync(join(tmpdir(), 'detect-prebuilt-'));
  t.after(() => rmSync(root, { recursive: true }));
  const folder = join(root, 'detections');
  cpSync(builtinRules(), folder, { recursive: true });
  mkdirSync(join(root, 'dist'));
  const rules = readRuleFiles(folder).flatMap(
    ({ file, text }) => readRules(file, text, readPlaceholders(folder)).rules,
  );
  writeFileSync(join(root, PREBUILT), prebuiltText(folder, rules));
  return folder;
}

test('the rules that were built are, once linked, the rules of the files', (t) => {
  const folder = built(t);
  const fromFiles = loadRuleSet(readRuleFiles(folder), readPlaceholders(folder));
  const prebuilt = prebuiltRules(folder);
  assert.ok(prebuilt);
  const linked = linkRules(prebuilt, []);
  // As text, since a key that is there without a value means the same as one that is not there.
  const shown = (rules: typeof linked) =>
    prebuiltText(folder, [...rules.detections, ...rules.correlations.map(({ rule }) => rule)]);
  assert.equal(shown(linked), shown(fromFiles));
  assert.equal(linked.detections.length, fromFiles.detections.length);
  assert.deepEqual(
    linked.correlations.map(({ groupFields, measuredFields }) => [groupFields, measuredFields]),
    fromFiles.correlations.map(({ groupFields, measuredFields }) => [groupFields, measuredFields]),
  );
});

test('half a file, of a build that was broken off, is not used', (t) => {
  const folder = built(t);
  const path = join(folder, '..', PREBUILT);
  writeFileSync(path, readFileSync(path, 'utf8').slice(0, 1_000));
  assert.equal(prebuiltRules(folder), undefined);
});

test('rules that were built are not used once a rule or a placeholder was changed', (t) => {
  for (const name of ['placeholders.yml', 'policy/denials.yml']) {
    const folder = built(t);
    writeFileSync(join(folder, name), '# changed\n', { flag: 'a' });
    assert.equal(prebuiltRules(folder), undefined, name);
  }
});
