/** The detect stage with the rules that come with Spoor. */

import { ownCatalogue } from '../recognise/catalogue-file.ts';
import { createClassify } from './classify.ts';
import { createDetect, type Detect } from './detect.ts';
import { builtinRules, readPlaceholders, readRuleFiles } from './pack.ts';
import { loadRuleSet } from './ruleset.ts';

/** @throws Refusal when a rule of the pack cannot be used: the installation is damaged */
export function createBuiltinDetect(): Detect {
  const folder = builtinRules();
  const rules = loadRuleSet(readRuleFiles(folder), readPlaceholders(folder));
  const [refusal] = rules.refusals;
  if (refusal) throw refusal;
  return createDetect({
    rules,
    ruleset: 'spoor',
    product: 'linux',
    classify: createClassify(ownCatalogue()),
  });
}
