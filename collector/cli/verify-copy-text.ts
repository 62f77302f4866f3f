import type { CopyVerdict, Range } from '../verify/copy.ts';
import { type WitnessKeySource, witnessedLine } from './witnessed-line.ts';

/** Runs of indices listed before the rest is only counted. */
const MAX_RUNS = 12;

export function copyJson(verdict: CopyVerdict): string {
  return JSON.stringify(verdict, (_, value: unknown) => {
    if (typeof value === 'bigint') return Number(value);
    if (value instanceof Map) return Object.fromEntries(value as Map<string, number>);
    return value === undefined ? null : value;
  });
}

/** What a copy proves, for a person. @param witnessesFrom where the witnesses' keys are from */
export function copyText(path: string, verdict: CopyVerdict, witnessesFrom: WitnessKeySource): string {
  const lines = [`copy       ${path} of ${verdict.origin}`, `key        ${verdict.keyIds.join(', then ')}`];
  lines.push(
    `records    ${verdict.records} present (${runs(verdict.present)}), ${verdict.proved} of them proved by ${verdict.checkpoints} checkpoints`,
  );
  if (verdict.integrity === 'intact') lines.push('integrity  intact: no record differs from what was signed');
  else {
    lines.push('integrity  BROKEN');
    for (const { message } of verdict.problems) lines.push(`           ${message}`);
    if (verdict.moreProblems > 0) lines.push(`           and ${verdict.moreProblems} more`);
  }
  for (const witnessed of verdict.witnessed) lines.push(witnessedLine(witnessed, witnessesFrom));
  if (verdict.missing.length > 0) lines.push(`missing    ${runs(verdict.missing)}`);
  if (verdict.missingCheckpoints.length > 0)
    lines.push(`missing    checkpoints ${runs(verdict.missingCheckpoints)}`);
  if (verdict.unproved.length > 0)
    lines.push(`unproved   ${runs(verdict.unproved)}: no checkpoint in the copy vouches for them`);
  if (verdict.repeated.length > 0) lines.push(`repeated   ${runs(verdict.repeated)}, with the same content`);
  for (const [name, count] of verdict.foreignAttributes)
    lines.push(`foreign    attribute ${name} was added to ${count} records on the way; set aside`);
  if (verdict.otherLogs > 0) lines.push(`other      ${verdict.otherLogs} records of other logs; set aside`);
  const lost = verdict.lost === 0n ? 'no event is' : `${verdict.lost} events are`;
  lines.push(`complete   ${verdict.complete ? 'yes' : 'NO'}; ${lost} stated as lost before sealing`);
  return `${lines.join('\n')}\n`;
}

function runs(ranges: readonly Range[]): string {
  if (ranges.length === 0) return 'none';
  const shown = ranges.slice(0, MAX_RUNS).map(([from, to]) => (from === to ? `${from}` : `${from} to ${to}`));
  if (ranges.length > MAX_RUNS) shown.push(`and ${ranges.length - MAX_RUNS} more runs`);
  return shown.join(', ');
}
