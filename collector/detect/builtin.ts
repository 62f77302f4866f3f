/** The detect stage with the rules that come with Spoor. */

import { ownCatalogue } from '../recognise/catalogue-file.ts';
import { createClassify } from './classify.ts';
import { createDetect, type Detect } from './detect.ts';
import { prebuiltRules } from './prebuilt.ts';
import { linkRules, type RuleSet } from './ruleset.ts';
import { createMarkWatcher, mountNamespaces, ownPlaces } from './watcher.ts';

/**
 * @param state the state folder of this collector
 * @throws Refusal when a rule of the pack cannot be used: the installation is damaged
 */
export async function createBuiltinDetect(state: string): Promise<Detect> {
  return createDetect({
    rules: await loadBuiltinRules(),
    ruleset: 'spoor',
    product: 'linux',
    classify: createClassify(ownCatalogue()),
    markWatcher: createMarkWatcher({
      pid: process.pid,
      state,
      places: ownPlaces(),
      mounts: mountNamespaces(),
    }),
  });
}

/** @throws Refusal when a rule of the pack cannot be used */
export async function loadBuiltinRules(): Promise<RuleSet> {
  const prebuilt = prebuiltRules();
  const rules = prebuilt ? linkRules(prebuilt, []) : await readBuiltinRules();
  const [refusal] = rules.refusals;
  if (refusal) throw refusal;
  return rules;
}

/** From YAML: somebody changed the files since Spoor was built. The reader is loaded only then. */
async function readBuiltinRules(): Promise<RuleSet> {
  const { builtinRules, readRuleFiles } = await import('./pack.ts');
  const { loadRuleSet } = await import('./load.ts');
  const { readPlaceholders } = await import('./placeholder-file.ts');
  const folder = builtinRules();
  return loadRuleSet(readRuleFiles(folder), readPlaceholders(folder));
}
