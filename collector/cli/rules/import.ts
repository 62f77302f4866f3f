/** spoor rules import: takes rules that others wrote into a folder of one's own, those that can work here, tuned. */

import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join, parse } from 'node:path';
import { createEngine } from '../../detect/engine.ts';
import { createEventViews } from '../../detect/event-source.ts';
import { createFeeds } from '../../detect/feed.ts';
import { loadRuleSet, type RuleFile } from '../../detect/load.ts';
import { ordinaryWork } from '../../detect/ordinary.ts';
import { routedViews } from '../../detect/routed-views.ts';
import { type DetectionRule, type FilterRule, LEVELS, type Rule } from '../../detect/rule.ts';
import { keyOf } from '../../detect/ruleset.ts';
import { View } from '../../detect/view.ts';
import { BadInput, filesAt } from './input.ts';
import { say, sayJson } from './say.ts';

export interface ImportOptions {
  readonly from: string;
  readonly to: string;
  readonly product: string;
  /** Keep levels as they are, whatever fires on ordinary work. */
  readonly keepLevels?: true;
  /** Judge events outside sessions too; without it imported rules look at AI agents' sessions only. */
  readonly host?: true;
  readonly json?: true;
}

interface Imported {
  readonly file: string;
  readonly rule: string;
  readonly title: string;
  readonly level: string;
  /** The level it had. */
  readonly was: string;
  /** The ordinary work it fires on, when its level was lowered for that. */
  readonly because: string | undefined;
}

interface LeftOut {
  readonly file: string;
  readonly reason: string;
}

/** @returns 0, also when some rules were left out: each is told with its reason */
export function importRules(options: ImportOptions): number {
  const files = filesAt([options.from]);
  const rules = loadRuleSet(files);
  const left: LeftOut[] = rules.refusals.map(({ file, message }) => ({ file, reason: message }));
  const feeds = createFeeds(rules.detections, options.product);
  const wanted = new Set<Rule>();
  const take = (rule: Rule, reason: string | undefined) => {
    if (reason === undefined) wanted.add(rule);
    else left.push({ file: rule.file, reason });
  };
  for (const rule of rules.detections) {
    const feed = isForHere(rule, options.product) ? feeds.of(rule) : ({ kind: 'other product' } as const);
    take(rule, feed.kind === 'fed' ? undefined : reasonOf(feed));
  }
  // Each stands after those it refers to.
  for (const { rule, inputs } of rules.correlations)
    take(rule, inputs.every((input) => wanted.has(input)) ? undefined : 'refers to rules that are left out');
  for (const filter of rules.filters) take(filter, whyNoFilter(filter, rules.detections, wanted));
  prepare(options.to);
  const detections = rules.detections.filter((rule) => wanted.has(rule));
  const noisy = options.keepLevels
    ? new Map<Rule, string>()
    : firingOnOrdinaryWork(detections, options.product);
  const imported = files.flatMap((file) => write(file, [...wanted], noisy, options));
  report(options, imported, left);
  return 0;
}

/** A filter that named a rule which is not there would be refused. */
function whyNoFilter(
  { rules: references }: FilterRule,
  detections: readonly DetectionRule[],
  wanted: ReadonlySet<Rule>,
): string | undefined {
  const isWanted = (reference: string) =>
    detections.some((rule) => wanted.has(rule) && (rule.id === reference || rule.name === reference));
  return (references ?? []).every(({ reference }) => isWanted(reference))
    ? undefined
    : 'is a filter of rules that are left out';
}

/** Rules without a product are for any; those for another system are not this host's. */
function isForHere({ logsource }: DetectionRule, product: string): boolean {
  return logsource.product === undefined ? logsource.category !== undefined : logsource.product === product;
}

function reasonOf(feed: { readonly kind: string; readonly missing?: readonly string[] }): string {
  if (feed.kind === 'no source') return 'no event is shown as its log source';
  if (feed.kind === 'no field')
    return `no event has its fields${feed.missing?.length ? ` (${feed.missing.join(', ')})` : ''} together`;
  return 'for another product';
}

function prepare(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new BadInput(`${folder}: is not empty; name a new folder, so that nothing in it is overwritten`);
  mkdirSync(folder, { recursive: true });
}

function firingOnOrdinaryWork(rules: readonly DetectionRule[], product: string): Map<Rule, string> {
  const engine = createEngine(rules);
  const views = routedViews(engine, createEventViews(engine.fields, product));
  const view = new View();
  const noisy = new Map<Rule, string>();
  for (const { what, event } of ordinaryWork())
    for (const { eventView, route } of views.get(event.name) ?? []) {
      if (!eventView.shows(event)) continue;
      view.show(eventView.of(event));
      for (const rule of engine.match(view, route)) if (!noisy.has(rule)) noisy.set(rule, what);
    }
  return noisy;
}

/** Writes the documents of a file that are wanted, into one file. */
function write(
  { file, text }: RuleFile,
  wanted: readonly Rule[],
  noisy: ReadonlyMap<Rule, string>,
  options: ImportOptions,
): Imported[] {
  const own = wanted.filter((rule) => rule.file === file);
  if (own.length === 0) return [];
  const to = freeName(options.to, basename(file));
  const documents = documentsOf(text);
  const kept: string[] = [];
  const imported: Imported[] = [];
  for (const rule of own.toSorted((one, other) => one.at.line - other.at.line)) {
    const because = LEVELS.indexOf(rule.level) > LEVELS.indexOf('low') ? noisy.get(rule) : undefined;
    const document = documents.findLast(({ line }) => line <= rule.at.line)?.text ?? '';
    kept.push(tuned(document, rule, because, options));
    const level = because === undefined ? rule.level : 'low';
    imported.push({ file: to, rule: keyOf(rule), title: rule.title, level, was: rule.level, because });
  }
  writeFileSync(to, kept.join('---\n'));
  return imported;
}

function tuned(text: string, rule: Rule, because: string | undefined, options: ImportOptions): string {
  let document = `${text.trimEnd()}\n`;
  if (because !== undefined) {
    const low = `# was ${rule.level}; fires on ordinary work: ${because}\nlevel: low`;
    const level = /^level:.*$/m;
    document = level.test(document) ? document.replace(level, () => low) : `${document}${low}\n`;
  }
  if (options.host && rule.kind === 'detection' && !/^spoor:/m.test(document))
    document += 'spoor: { scope: host }\n';
  return document;
}

/** The documents of a file, each with the line it begins in. */
function documentsOf(text: string): { readonly line: number; readonly text: string }[] {
  const documents: { line: number; text: string }[] = [{ line: 1, text: '' }];
  for (const [index, line] of text.split('\n').entries())
    if (/^---(\s|$)/.test(line)) documents.push({ line: index + 2, text: '' });
    else (documents.at(-1) as { text: string }).text += `${line}\n`;
  return documents;
}

/** Files of one name come from several folders. */
function freeName(folder: string, name: string): string {
  const { name: stem, ext } = parse(name);
  for (let number = 1; ; number += 1) {
    const file = join(folder, number === 1 ? name : `${stem}-${number}${ext}`);
    if (!existsSync(file)) return file;
  }
}

function report(options: ImportOptions, imported: readonly Imported[], left: readonly LeftOut[]): void {
  if (options.json) {
    for (const one of imported) sayJson(one);
    for (const one of left) sayJson({ ...one, left_out: true });
    return;
  }
  const lines = imported
    .filter(({ because }) => because !== undefined)
    .map(({ title, was, because }) => `lowered from ${was} to low: ${title} (fires on: ${because})`);
  const reasons = new Map<string, number>();
  for (const { reason } of left) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  for (const [reason, count] of [...reasons].sort((one, other) => other[1] - one[1]).slice(0, 20))
    lines.push(`left out ${count}: ${reason}`);
  lines.push(`${imported.length} rules imported to ${options.to}, ${left.length} left out`);
  for (const line of lines) say(line);
}
