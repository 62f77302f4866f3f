/** What `spoor rules` commands read: rule files, placeholder values, events. */

import { existsSync, readFileSync } from 'node:fs';
import { readRuleFiles } from '../../detect/pack.ts';
import type { Placeholders } from '../../detect/placeholder.ts';
import { loadRuleSet, type RuleFile, type RuleSet } from '../../detect/ruleset.ts';
import { readYaml, type YamlTree } from '../../detect/yaml.ts';

/** A file or option that cannot be used: one line naming the place, the cause and the mend. Exit code 2. */
export class BadInput extends Error {
  override readonly name = 'BadInput';
}

/** @throws BadInput */
export function loadRules(paths: readonly string[], varsFile: string | undefined): RuleSet {
  return loadRuleSet(filesAt(paths), varsFile === undefined ? new Map() : readVars(varsFile));
}

/** @throws BadInput */
export function filesAt(paths: readonly string[]): RuleFile[] {
  const files = paths.flatMap((path) => {
    if (!existsSync(path)) throw new BadInput(`${path}: no such file or folder`);
    try {
      return readRuleFiles(path);
    } catch (error) {
      throw new BadInput(`${path}: ${causeOf(error)}`);
    }
  });
  if (files.length === 0) throw new BadInput(`${paths.join(', ')}: no rule files (*.yml, *.yaml) there`);
  return files;
}

/**
 * Placeholder values: a YAML or JSON map of name to value or list of values.
 * @throws BadInput
 */
export function readVars(file: string): Placeholders {
  const values = new Map<string, readonly string[]>();
  for (const document of readYaml(file, readText(file))) {
    if ('refusal' in document) throw new BadInput(String(document.refusal));
    const { tree } = document;
    if (tree.kind !== 'map') throw new BadInput(`${file}: must be a map of placeholder names and values`);
    for (const { key, value } of tree.entries) values.set(key, textsOf(file, key, value));
  }
  return values;
}

function textsOf(file: string, key: string, tree: YamlTree): string[] {
  const items = tree.kind === 'list' ? tree.items : [tree];
  return items.map((item) => {
    if (item.kind === 'scalar' && item.value !== null) return item.source;
    throw new BadInput(`${file}:${item.line}:${item.column}: "${key}" must be a value or a list of values`);
  });
}

/** @throws BadInput */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new BadInput(`${file}: ${causeOf(error)}`);
  }
}

function causeOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
