/** Placeholders: `field|expand: '%name%'` takes its values from whoever runs the rule. */

import { charsOf } from './huge.ts';
import { OWN_PLACEHOLDERS } from './own-placeholders.ts';
import { Refusal } from './refusal.ts';
import { readYaml } from './yaml.ts';

/** Values by placeholder name; each is a Sigma string and may hold wildcards. */
export type Placeholders = ReadonlyMap<string, readonly string[]>;

/** Alternatives that one value may expand to. Each becomes a test of its own; past it the rule is refused. */
export const MAX_EXPANSIONS = 10_000;
/** Characters of all of them together; past it the rule is refused. */
const MAX_EXPANDED_CHARS = 4_000_000;

/**
 * Every way to fill the placeholders of `text`. `\%` is a plain percent character.
 * @param refuse called with the cause; must throw
 * @param write how a value is written into the text
 */
export function expandPlaceholders(
  text: string,
  placeholders: Placeholders,
  refuse: (cause: string) => never,
  write: (value: string) => string = (value) => value,
): string[] {
  let expanded = [''];
  for (const part of text.match(PART) ?? []) {
    const name = /^%([^%\\\s]+)%$/.exec(part)?.[1];
    const plain = part === '\\%' ? '%' : part;
    const values = name === undefined ? [plain] : valuesOf(name, placeholders, refuse).map(write);
    const count = expanded.length * values.length;
    if (count > MAX_EXPANSIONS)
      refuse(
        `its placeholders make ${count} alternatives, more than ${MAX_EXPANSIONS}; write several rules, or give fewer values`,
      );
    expanded = expanded.flatMap((prefix) => values.map((value) => prefix + value));
    if (charsOf(expanded) > MAX_EXPANDED_CHARS)
      refuse(`with its placeholders it has more than ${MAX_EXPANDED_CHARS} characters; give fewer values`);
  }
  return expanded;
}

/** A placeholder, a percent character that is plain, or the text up to the next of them. */
const PART = /%[^%\\\s]+%|\\%|(?:(?!%[^%\\\s]+%|\\%).)+/gs;

function valuesOf(
  name: string,
  placeholders: Placeholders,
  refuse: (cause: string) => never,
): readonly string[] {
  const values = placeholders.get(name) ?? OWN_PLACEHOLDERS.get(name);
  if (values !== undefined && values.length > 0) return values;
  return refuse(
    `placeholder %${name}% has no value; give it one (--vars FILE, or placeholders.yml in the folder of rules)`,
  );
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
