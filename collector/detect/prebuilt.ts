/**
 * The rules that come with Spoor, read when Spoor was built: their YAML costs a quarter of a second to read, and every
 * `spoor run` would pay it. What was built is used only for the very files it was built of.
 */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { OWN_PLACEHOLDERS } from './own-placeholders.ts';
import { builtinRules, PLACEHOLDERS, readRuleFiles } from './pack.ts';
import { ANY, DASH, ONE } from './pattern.ts';
import type { Rule } from './rule.ts';

/** Beside the compiled program. */
export const PREBUILT = join('dist', 'detections.json');

interface Prebuilt {
  /** SHA-256 over the rule files and the values of their placeholders. */
  readonly of: string;
  readonly rules: readonly Rule[];
}

/** The rules as they were read; undefined when none were built, or the files are others now. */
export function prebuiltRules(folder: string = builtinRules()): readonly Rule[] | undefined {
  const path = join(dirname(folder), PREBUILT);
  if (!existsSync(path)) return undefined;
  const built = readBuilt(path);
  return built?.of === fingerprintOf(folder) ? built.rules : undefined;
}

function readBuilt(path: string): Prebuilt | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8'), revive) as Prebuilt;
  } catch (error) {
    // Half a file, of a build that was broken off: the rules themselves are there.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The text of the file: JSON, with what JSON has no word for as an object of one key. */
export function prebuiltText(folder: string, rules: readonly Rule[]): string {
  return JSON.stringify({ of: fingerprintOf(folder), rules } satisfies Prebuilt, replace);
}

function fingerprintOf(folder: string): string {
  const hash = createHash('sha256');
  for (const { text } of readRuleFiles(folder)) hash.update(`${text.length}\n${text}`);
  hash.update(JSON.stringify([...OWN_PLACEHOLDERS]));
  const placeholders = join(folder, PLACEHOLDERS);
  if (existsSync(placeholders)) hash.update(readFileSync(placeholders));
  return hash.digest('hex');
}

const WILDCARDS = { any: ANY, one: ONE, dash: DASH } as const;

function replace(_key: string, value: unknown): unknown {
  if (typeof value === 'symbol') {
    const name = Object.entries(WILDCARDS).find(([, wildcard]) => wildcard === value)?.[0];
    return { $wildcard: name };
  }
  if (typeof value === 'bigint') return { $int: String(value) };
  if (value instanceof Map) return { $map: [...value] };
  return value;
}

function revive(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const coded = value as { $wildcard?: keyof typeof WILDCARDS; $int?: string; $map?: [unknown, unknown][] };
  if (coded.$wildcard !== undefined) return WILDCARDS[coded.$wildcard];
  if (coded.$int !== undefined) return BigInt(coded.$int);
  if (coded.$map !== undefined) return new Map(coded.$map);
  return value;
}
