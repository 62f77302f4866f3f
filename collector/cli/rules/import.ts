/** spoor rules import: takes rules that others wrote into a folder of one's own, those that can work here, tuned. */

import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createEngine } from '../../detect/engine.ts';
import { createEventViews } from '../../detect/event-source.ts';
import { createFeeds } from '../../detect/feed.ts';
import { loadRuleSet, type RuleFile } from '../../detect/load.ts';
import { ordinaryWork } from '../../detect/ordinary.ts';
import { routedViews } from '../../detect/routed-views.ts';
import { type DetectionRule, LEVELS } from '../../detect/rule.ts';
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

/** @returns 0, also when some rules were left out: each is told with its reason */
export function importRules(options: ImportOptions): number {
  const files = filesAt([options.from]);
  const rules = loadRuleSet(files);
  const left: { file: string; reason: string }[] = rules.refusals.map(({ file, message }) => ({
    file,
    reason: message,
  }));
  const feeds = createFeeds(rules.detections, options.product);
  const wanted: DetectionRule[] = [];
  for (const rule of rules.detections) {
    const feed = isForHere(rule, options.product) ? feeds.of(rule) : ({ kind: 'other product' } as const);
    if (feed.kind === 'fed') wanted.push(rule);
    else left.push({ file: rule.file, reason: reasonOf(feed) });
  }
  prepare(options.to);
  const noisy = options.keepLevels
    ? new Map<DetectionRule, string>()
    : firingOnOrdinaryWork(wanted, options.product);
  const imported = wanted.map((rule) => write(rule, files, noisy.get(rule), options));
  report(options, imported, left);
  return 0;
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

function firingOnOrdinaryWork(rules: readonly DetectionRule[], product: string): Map<DetectionRule, string> {
  const engine = createEngine(rules);
  const views = routedViews(engine, createEventViews(engine.fields, product));
  const view = new View();
  const noisy = new Map<DetectionRule, string>();
  for (const { what, event } of ordinaryWork())
    for (const { eventView, route } of views.get(event.name) ?? []) {
      if (!eventView.shows(event)) continue;
      view.show(eventView.of(event));
      for (const rule of engine.match(view, route)) if (!noisy.has(rule)) noisy.set(rule, what);
    }
  return noisy;
}

function write(
  rule: DetectionRule,
  files: readonly RuleFile[],
  because: string | undefined,
  options: ImportOptions,
): Imported {
  const source = files.find(({ file }) => file === rule.file);
  const isLowered = because !== undefined && LEVELS.indexOf(rule.level) > LEVELS.indexOf('low');
  const level = isLowered ? 'low' : rule.level;
  let text = source?.text ?? '';
  if (isLowered)
    text = text.replace(/^level:.*$/m, `# was ${rule.level}; fires on ordinary work: ${because}\nlevel: low`);
  if (options.host) text = `${text.trimEnd()}\nspoor: { scope: host }\n`;
  const file = join(options.to, basename(rule.file));
  writeFileSync(existsSync(file) ? join(options.to, `${keyOf(rule)}.yml`) : file, text);
  return {
    file,
    rule: keyOf(rule),
    title: rule.title,
    level,
    was: rule.level,
    because: isLowered ? because : undefined,
  };
}

function report(
  options: ImportOptions,
  imported: readonly Imported[],
  left: readonly { file: string; reason: string }[],
): void {
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
