/** What is odd about the text of a rule and does not show in what was made of it. */

import { nearest, type Place } from './refusal.ts';
import type { YamlMap, YamlTree } from './yaml-tree.ts';

export interface Doubt {
  /** As the linter's problems have it. */
  readonly severity: 'warning' | 'note';
  readonly code: string;
  readonly message: string;
  readonly at: Place;
}

const SOURCE_KEYS: readonly string[] = ['category', 'product', 'service', 'definition'];
/** Rules specification 2.1, "Related". */
const RELATIONS: readonly string[] = ['derived', 'obsolete', 'merged', 'renamed', 'similar'];

export function doubtsOf({ entries }: YamlMap): Doubt[] {
  const doubts: Doubt[] = [];
  const entryOf = (wanted: string) => entries.find(({ key }) => key === wanted)?.value;
  const note = (code: string, message: string, { line, column }: Place) =>
    doubts.push({ severity: 'note', code, message, at: { line, column } });

  const dates = ['date', 'modified'].map((key) => {
    const value = entryOf(key);
    if (!value) return undefined;
    const text = value.kind === 'scalar' ? value.source : '';
    if (isDate(text)) return text;
    note('date-form', `${key} "${text}" is no day written like 2026-01-31`, value);
    return undefined;
  });
  const [date, modified] = dates;
  const changed = entryOf('modified');
  if (date && modified && changed && modified < date)
    note('date-order', `was modified on ${modified}, before it was made on ${date}`, changed);

  const related = entryOf('related');
  if (related)
    for (const one of related.kind === 'list' ? related.items : [related])
      for (const fault of faultsOf(one)) note('related-form', `related: ${fault}`, one);

  const source = entryOf('logsource');
  if (source?.kind === 'map')
    for (const { key, keyAt } of source.entries) {
      if (SOURCE_KEYS.includes(key)) continue;
      const near = nearest(key, SOURCE_KEYS);
      // A log source without its category is every one, so it matters more than a word too many.
      const message = `key "${key}" of its log source means nothing here${near ? `; did you mean "${near}"?` : ''}`;
      doubts.push({ severity: near ? 'warning' : 'note', code: 'source-key', message, at: keyAt });
    }
  return doubts;
}

function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const day = new Date(`${text}T00:00:00Z`);
  // The 31st of a short month would be read as the first of the next.
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

function faultsOf(one: YamlTree): string[] {
  if (one.kind !== 'map') return ['an entry is a map of id and type'];
  const textOf = (wanted: string) => {
    const value = one.entries.find(({ key }) => key === wanted)?.value;
    return value?.kind === 'scalar' ? value.source : '';
  };
  const type = textOf('type');
  return [
    ...(textOf('id') === '' ? ['an entry has no id'] : []),
    ...(RELATIONS.includes(type) ? [] : [`type "${type}" is none of ${RELATIONS.join(', ')}`]),
  ];
}
