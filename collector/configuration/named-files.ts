/** The files a configuration names, read and checked: agents, people, rules. */

import { loadBuiltinRules } from '../detect/builtin.ts';
import { loadRuleSet } from '../detect/load.ts';
import { builtinRules, readRuleFiles } from '../detect/pack.ts';
import { readPlaceholders } from '../detect/placeholder-file.ts';
import { Refusal } from '../detect/refusal.ts';
import type { RuleSet } from '../detect/ruleset.ts';
import { BadInput } from '../recognise/bad-input.ts';
import type { Catalogue } from '../recognise/catalogue.ts';
import { loadCatalogue, ownCatalogue } from '../recognise/catalogue-file.ts';
import type { Configuration } from './configuration.ts';

export interface NamedFiles {
  readonly catalogue: Catalogue;
  /** Directory subject of a user name. */
  readonly directorySubject: (userName: string) => string | undefined;
  readonly rules: RuleSet;
}

/** @throws BadInput with the mistakes of all files */
export async function readNamedFiles({
  recognise,
  rules,
}: Pick<Configuration, 'recognise' | 'rules'>): Promise<NamedFiles> {
  const problems: string[] = [];
  const catalogue = await collect(problems, () =>
    recognise.agents === undefined ? ownCatalogue() : loadCatalogue(recognise.agents),
  );
  const directorySubject = await collect(problems, () =>
    recognise.people === undefined ? () => undefined : directoryIn(recognise.people),
  );
  const ruleSet = await collect(problems, () => rulesOf(rules));
  if (!catalogue || !directorySubject || !ruleSet) throw new BadInput(problems);
  return { catalogue, directorySubject, rules: ruleSet };
}

/** What reading gives, or undefined when it is wrong: its mistakes are then among `problems`. */
async function collect<T>(problems: string[], read: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof BadInput)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

async function rulesOf({ builtin, paths }: Configuration['rules']): Promise<RuleSet> {
  if (builtin && paths.length === 0) return loadBuiltinRules();
  const places = [...(builtin ? [builtinRules()] : []), ...paths];
  const files = places.flatMap((path) => readOrTell(path, () => readRuleFiles(path)));
  // What the endpoint says of a placeholder comes after the pack, and so in its place.
  const placeholders = new Map(places.flatMap((path) => readOrTell(path, () => [...readPlaceholders(path)])));
  const ruleSet = loadRuleSet(files, placeholders);
  if (ruleSet.refusals.length > 0) throw new BadInput(ruleSet.refusals.map(String));
  return ruleSet;
}

function readOrTell<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Refusal) throw new BadInput([String(error)]);
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new BadInput([`${path}: cannot be read (${code}); check rules.paths and the mode of the folder`]);
  }
}

/** Loaded only where there is such a file: its checker takes memory that nobody should pay without one. */
async function directoryIn(path: string): Promise<NamedFiles['directorySubject']> {
  const { loadDirectory } = await import('../recognise/person/directory.ts');
  return loadDirectory(path);
}
