/** Placeholders: `field|expand: '%name%'` takes its values from whoever runs the rule. */

import { OWN_PLACEHOLDERS } from './own-placeholders.ts';
import { Refusal } from './refusal.ts';
import { readYaml } from './yaml.ts';

/** Values by placeholder name; each is a Sigma string and may hold wildcards. */
export type Placeholders = ReadonlyMap<string, readonly string[]>;

/** Alternatives that one value may expand to. Each becomes a test of its own; past it the rule is refused. */
export const MAX_EXPANSIONS = 10_000;

/**
 * Every way to fill the placeholders of `text`. `\%` is a plain percent character.
 * @param missing called with the name of a placeholder that has no values; must throw
 */
export function expandPlaceholders(
  text: string,
  placeholders: Placeholders,
  missing: (name: string) => never,
): string[] {
  let expanded = [''];
  const append = (suffixes: readonly string[]) => {
    expanded = expanded.flatMap((prefix) => suffixes.map((suffix) => prefix + suffix));
  };
  let rest = text;
  while (rest !== '') {
    const match = /^%([^%\\\s]+)%/.exec(rest);
    if (match?.[1] !== undefined) {
      const values = placeholders.get(match[1]) ?? OWN_PLACEHOLDERS.get(match[1]);
      if (values === undefined || values.length === 0) missing(match[1]);
      else append(values.slice(0, MAX_EXPANSIONS));
      rest = rest.slice(match[0].length);
    } else {
      const plain = rest.startsWith('\\%') ? '%' : rest.charAt(0);
      append([plain]);
      rest = rest.slice(rest.startsWith('\\%') ? 2 : 1);
    }
  }
  return expanded;
}

/**
 * Reads a YAML or JSON map of placeholder name to value or list of values.
 * @throws Refusal naming file, line and cause
 */
export function parsePlaceholders(file: string, text: string): Placeholders {
  const values = new Map<string, readonly string[]>();
  for (const document of readYaml(file, text)) {
    if ('refusal' in document) throw document.refusal;
    const { tree } = document;
    if (tree.kind !== 'map')
      throw new Refusal(file, tree, 'must be a map of placeholder names and their values');
    for (const { key, value } of tree.entries) {
      const items = value.kind === 'list' ? value.items : [value];
      values.set(
        key,
        items.map((item) => {
          if (item.kind === 'scalar' && item.value !== null) return item.source;
          throw new Refusal(file, item, `"${key}" must be a value or a list of values`);
        }),
      );
    }
  }
  return values;
}
