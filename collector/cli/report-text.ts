/** A session's summary as a person reads it. Every text from the session passes `printable`. */

import { WEIGHT } from '../session/notable.ts';
import type { Host, NotableFile, Running, Summary } from '../session/summary.ts';
import { type Paint, printable } from './terminal.ts';

/** Lines of each part; the log holds all of them. */
const MAX_LINES = 8;
/** Longer command lines and paths are cut in the middle: beginning and end tell most. */
const MAX_TEXT_CHARACTERS = 88;
/** Of a hand-over: a sentence of Spoor's own, whose middle says between whom; only the names in it may be long. */
const MAX_EVIDENCE_CHARACTERS = 176;

/** @param troubles what went wrong with the watch: then nobody can say what is missing */
export function reportText(summary: Summary, paint: Paint, troubles: readonly string[] = []): string {
  const lines = [
    paint.bold(`spoor: ${cut(commandLine(summary.commandLine))}`),
    `  ${outcome(summary)}`,
    row('session', `${summary.sessionId}  ${agent(summary)}`),
    row('processes', `${counted(summary.processes, 'program', 'programs')} run: ${programs(summary)}`),
    row('files', files(summary)),
    ...notableLines(summary, paint),
    row(
      'hosts',
      summary.connections === 0
        ? 'none'
        : `${counted(summary.connections, 'connection', 'connections')} made or tried`,
    ),
    ...hostLines(summary.hosts),
    ...handoverLines(summary),
    row('findings', summary.findings === 0 ? 'none' : paint.red(`${summary.findings}`)),
    ...findingLines(summary, paint),
    row('losses', losses(summary, paint, troubles)),
  ];
  if (summary.remaining.length > 0) {
    lines.push(
      row(
        'still runs',
        paint.yellow(`${counted(summary.remaining.length, 'process', 'processes')}, no longer watched`),
      ),
    );
    lines.push(...listed(summary.remaining, runningLine));
  }
  return `${lines.join('\n')}\n`;
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

function row(name: string, text: string): string {
  return `  ${name.padEnd(10)} ${text}`;
}

function listed<Item>(items: readonly Item[], line: (item: Item) => string): string[] {
  const lines = items.slice(0, MAX_LINES).map((item) => `             ${line(item)}`);
  if (items.length > MAX_LINES)
    lines.push(`             and ${items.length - MAX_LINES} more (spoor events)`);
  return lines;
}

function outcome(summary: Summary): string {
  const { endNs, startNs, exitCode } = summary;
  if (endNs === undefined) return 'has not ended, or its end was not recorded';
  const seconds = Number((endNs - startNs) / 1_000_000n) / 1_000;
  const code = exitCode === undefined ? 'ended' : `exit code ${exitCode}`;
  return `${code} after ${seconds.toFixed(1)} s, as ${printable(summary.userName)} in ${printable(summary.workingDirectory)}`;
}

function agent(summary: Summary): string {
  return printable(`(${summary.agentName}${summary.agentVersion ? ` ${summary.agentVersion}` : ''})`);
}

function programs(summary: Summary): string {
  const most = [...summary.programs].sort(([, a], [, b]) => b - a);
  const named = most
    .slice(0, MAX_LINES)
    .map(([name, count]) => `${printable(name)}${count > 1 ? ` ${count}x` : ''}`);
  if (most.length > MAX_LINES) named.push(`${most.length - MAX_LINES} others`);
  return named.join(', ');
}

function files(summary: Summary): string {
  const refused = summary.filesRefused > 0 ? `, ${summary.filesRefused} opens refused` : '';
  const atLeast = summary.filesCounted === 'at_least' ? 'at least ' : '';
  return `${atLeast}${summary.filesRead} read, ${summary.filesWritten} written${refused}`;
}

function notableLines(summary: Summary, paint: Paint): string[] {
  const ordered = [...summary.notable].sort(
    (a, b) => WEIGHT[a.why] - WEIGHT[b.why] || (a.access === 'write' ? -1 : 1),
  );
  const lines = listed(ordered, (file) => notableLine(file, paint));
  if (summary.notableLeftOut > 0)
    lines.push(`             (${summary.notableLeftOut} more uses found no room in the list)`);
  return lines;
}

function notableLine(file: NotableFile, paint: Paint): string {
  const act = file.access === 'write' ? 'wrote' : 'read';
  const done = file.outcome === 'success' ? act : `tried (${file.outcome})`;
  const why = file.why === 'outside the working folder' ? file.why : paint.yellow(file.why);
  const several = file.path.endsWith('/') ? `${file.opens} opens, ` : '';
  return `${done.padEnd(6)} ${cut(file.path)}  ${several}${why}, by ${names(file.programs)}`;
}

function hostLines(hosts: readonly Host[]): string[] {
  return listed(hosts, (host) => {
    const address = host.address.includes(':') ? `[${host.address}]` : host.address;
    const failed = host.failures > 0 ? `, ${host.failures} failed` : '';
    return `${host.transport} ${address}:${host.port}  ${host.attempts}x${failed}, by ${names(host.programs)}`;
  });
}

/** Nothing where nothing left the tree: most sessions. */
function handoverLines({ handovers, handoverLines: lines }: Summary): string[] {
  if (handovers === 0) return [];
  return [
    row(
      'hand-overs',
      `${handovers} to processes outside: ${names(lines.map(({ program }) => program || 'unknown'))}`,
    ),
    ...listed(lines, ({ basis, program, evidence, count }) => {
      const often = count > 1 ? ` ${count}x` : '';
      return `${basis.padEnd(8)} ${printable(program || 'unknown')}${often}  ${cut(evidence, MAX_EVIDENCE_CHARACTERS)}`;
    }),
  ];
}

function findingLines(summary: Summary, paint: Paint): string[] {
  return listed(
    summary.findingLines,
    (finding) =>
      `${paint.red(printable(finding.level))}  ${printable(finding.title)}: ${cut(commandLine(finding.commandLine)) || printable(finding.program)}`,
  );
}

function losses(summary: Summary, paint: Paint, troubles: readonly string[]): string {
  const counted = summary.gaps.map((gap) => `${gap.count} ${printable(gap.event)} (${printable(gap.cause)})`);
  if (summary.blind.length > 0)
    counted.push(`blind for a time to ${summary.blind.map(printable).join(', ')}; see: spoor doctor`);
  if (troubles.length > 0) counted.push('there was trouble, which may have cost more: see below');
  if (summary.endNs === undefined) counted.push('what came after the last record here is not known');
  return counted.length > 0 ? paint.red(counted.join(', ')) : 'none of what the sensor saw';
}

function runningLine(process: Running): string {
  return `pid ${process.pid}  ${cut(commandLine(process.commandLine)) || printable(process.program) || 'unknown program'}`;
}

function names(programs: readonly string[]): string {
  const named = programs.slice(0, 3).map(printable);
  return programs.length > 3 ? `${named.join(', ')} and ${programs.length - 3} others` : named.join(', ');
}

/** As a person would type it: quoted where a shell would split it. */
function commandLine(args: readonly string[]): string {
  return args
    .map((arg) => (/^[\w@%+=:,./[\]-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`))
    .join(' ');
}

function cut(text: string, most = MAX_TEXT_CHARACTERS): string {
  const shown = printable(text);
  if (shown.length <= most) return shown;
  const half = Math.floor((most - 1) / 2);
  return `${shown.slice(0, half)}…${shown.slice(-half)}`;
}
