/** Rules from the text of rule files. */

import type { Placeholders } from './placeholder.ts';
import { readRules } from './read.ts';
import { Refusal } from './refusal.ts';
import type { Rule } from './rule.ts';
import { linkRules, type RuleSet } from './ruleset.ts';

export interface RuleFile {
  /** As messages name it. */
  readonly file: string;
  readonly text: string;
  /** Why its text is not known, where it is not. */
  readonly problem?: string;
}

const BEGINNING = { line: 1, column: 1 };

/** Reads and links rules. Never throws for what the files contain: what must be refused is in `refusals`. */
export function loadRuleSet(files: Iterable<RuleFile>, placeholders: Placeholders = new Map()): RuleSet {
  const refusals: Refusal[] = [];
  const rules: Rule[] = [];
  for (const { file, text, problem } of files) {
    if (problem !== undefined) {
      refusals.push(new Refusal(file, BEGINNING, problem));
      continue;
    }
    const read = readRules(file, text, placeholders);
    refusals.push(...read.refusals);
    rules.push(...read.rules);
  }
  return linkRules(rules, refusals);
}
