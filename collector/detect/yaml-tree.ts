/** A YAML document as rules read it: a tree that knows its places. */

import type { Place } from './refusal.ts';

export interface YamlScalar extends Place {
  readonly kind: 'scalar';
  readonly value: string | number | bigint | boolean | null;
  /** The scalar as it was written, quotes taken off: `1.10` stays `1.10`. */
  readonly source: string;
}
export interface YamlList extends Place {
  readonly kind: 'list';
  readonly items: readonly YamlTree[];
}
export interface YamlEntry {
  readonly key: string;
  readonly keyAt: Place;
  readonly value: YamlTree;
}
export interface YamlMap extends Place {
  readonly kind: 'map';
  readonly entries: readonly YamlEntry[];
}
export type YamlTree = YamlScalar | YamlList | YamlMap;
