/** Placeholders: `field|expand: '%name%'` takes its values from whoever runs the rule. */

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
      const values = placeholders.get(match[1]);
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
