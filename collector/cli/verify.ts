import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { newestCheckpoint } from '../log/journal.ts';
import { verifyCopy } from '../verify/copy.ts';
import { CopyError } from '../verify/otlp-json.ts';
import { checkSince, proveRecord } from '../verify/proof.ts';
import type { Verdict } from '../verify/verdict.ts';
import {
  keysBeside,
  readKeys,
  readWitnessKeys,
  VerifyError,
  verifyLog,
  witnessesBeside,
} from '../verify/verify.ts';
import { endWithReader } from './output.ts';
import { defaultStateDirectory } from './state.ts';
import { printable } from './terminal.ts';
import { copyJson, copyText } from './verify-copy-text.ts';
import { type WitnessKeySource, witnessedLine } from './witnessed-line.ts';

interface VerifyOptions {
  readonly state: string;
  readonly key?: string;
  readonly witness?: string;
  readonly proof?: number;
  readonly since?: string;
  readonly otlp?: string;
  readonly json?: true;
}

/** Registers `spoor verify`. Exit codes: 0 intact, 1 not, 2 no log or no key. */
export function addVerifyCommand(program: Command): void {
  program
    .command('verify')
    .description('check that nothing in the log was changed, and say what it states as lost')
    .option('--state <dir>', 'folder of the log and its key', defaultStateDirectory())
    .option('--key <file>', 'public key kept elsewhere (a copy of STATE/key/host.pub)')
    .option('--witness <file>', 'keys of the witnesses to believe (a copy of their witness.pub)')
    .option('--proof <index>', 'print a proof (C2SP tlog-proof) that this record is in the log', parseIndex)
    .option('--since <file>', 'check that the log still begins with what this older checkpoint signed')
    .option('--otlp <file>', "check a SIEM's copy instead: OTLP-JSON, one request or one record a line")
    .option('--json', 'print the verdict as one JSON object')
    .action(async (options: VerifyOptions) => {
      process.exitCode = await verifyCommand(options);
    });
}

async function verifyCommand(options: VerifyOptions): Promise<number> {
  const directory = join(options.state, 'log');
  endWithReader();
  try {
    const asked = (['proof', 'since', 'otlp'] as const).filter((name) => options[name] !== undefined);
    if (asked.length > 1)
      throw new VerifyError(`--${asked.join(' and --')} are different questions; ask one`);
    if (options.otlp === undefined && !existsSync(options.state)) {
      throw new VerifyError(
        `${options.state} does not exist, so nothing was recorded there; name the state folder by --state`,
      );
    }
    const keys =
      options.key === undefined
        ? keysBeside(directory)
        : readKeys(readText(options.key, 'key'), options.key, originOf(options, directory));
    if (options.proof !== undefined) {
      process.stdout.write(await proveRecord(directory, options.proof, keys));
      return 0;
    }
    if (options.since !== undefined) {
      const note = readText(options.since, 'checkpoint');
      const since = checkSince(directory, note, keys, `the older checkpoint ${options.since}`);
      process.stdout.write(options.json ? `${JSON.stringify(since)}\n` : `${printable(since.message)}\n`);
      return since.holds ? 0 : 1;
    }
    const witnesses =
      options.witness === undefined
        ? witnessesBeside(directory)
        : readWitnessKeys(readText(options.witness, 'witness key'), options.witness);
    const witnessesFrom: WitnessKeySource = options.witness === undefined ? 'beside the log' : 'named';
    if (options.otlp !== undefined) {
      const verdict = await verifyCopy(options.otlp, keys, witnesses);
      process.stdout.write(
        options.json ? `${copyJson(verdict)}\n` : copyText(options.otlp, verdict, witnessesFrom),
      );
      return verdict.integrity === 'intact' && verdict.complete && verdict.unproved.length === 0 ? 0 : 1;
    }
    const verdict = await verifyLog(directory, keys, witnesses);
    process.stdout.write(
      options.json ? `${verdictJson(verdict)}\n` : verdictText(directory, verdict, options),
    );
    return verdict.integrity === 'intact' ? 0 : 1;
  } catch (error) {
    const { syscall, code, path } = error as NodeJS.ErrnoException;
    if (syscall !== undefined) {
      const mend = code === 'EACCES' ? 'run it as root' : 'it is not what a log holds there';
      process.stderr.write(`spoor verify: cannot read ${printable(path ?? directory)} (${code}); ${mend}\n`);
      return 2;
    }
    if (!(error instanceof VerifyError || error instanceof CopyError)) throw error;
    process.stderr.write(`spoor verify: ${printable(error.message)}\n`);
    return 2;
  }
}

/** Of a file with the keys of several logs those of this one are taken; a copy may be of any. */
function originOf({ otlp }: VerifyOptions, directory: string): string | undefined {
  return otlp === undefined ? newestCheckpoint(directory)?.checkpoint.origin : undefined;
}

function parseIndex(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('it is the index of a record, a number from 0.');
}

function readText(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new VerifyError(`cannot read the ${what} ${path} (${(error as NodeJS.ErrnoException).code})`);
  }
}

function verdictJson(verdict: Verdict): string {
  return JSON.stringify(verdict, (_, value: unknown) =>
    typeof value === 'bigint' ? Number(value) : value === undefined ? null : value,
  );
}

function verdictText(directory: string, verdict: Verdict, options: VerifyOptions): string {
  const { keyIds, first, size, intact, unsigned, writer, interruptions } = verdict;
  const lines = [`log        ${directory} (${verdict.origin})`];
  lines.push(
    options.key === undefined
      ? `key        ${keyIds.join(', then ')}, found beside the log: shows that the log fits itself. A copy kept elsewhere (--key FILE) shows that it is this host's`
      : `key        ${keyIds.join(', then ')}, from ${options.key}`,
  );
  if (verdict.integrity === 'intact')
    lines.push(
      `integrity  intact: ${shownRange(first, size)} as signed in ${verdict.checkpoints} ${verdict.checkpoints === 1 ? 'checkpoint' : 'checkpoints'}, the last of ${verdict.lastTime}`,
    );
  else {
    lines.push(`integrity  BROKEN. Intact: ${shownRange(first, intact)}`);
    for (const { message } of verdict.problems) lines.push(`           ${message}`);
    if (verdict.moreProblems > 0) lines.push(`           and ${verdict.moreProblems} more`);
  }
  const witnessesFrom = options.witness === undefined ? 'beside the log' : 'named';
  for (const witnessed of verdict.witnessed) lines.push(witnessedLine(witnessed, witnessesFrom));
  // Without a checkpoint of this key nothing else can be said of what lies there.
  if (verdict.checkpoints === 0) return lines.map((line) => `${printable(line)}\n`).join('');
  if (first > 0)
    lines.push(
      `pruned     records 0 to ${first - 1} were deleted by the log's own retention, which its records state`,
    );
  if (unsigned > 0)
    lines.push(
      `unsigned   ${unsigned} after them, which no checkpoint covers yet` +
        (writer
          ? `: process ${writer.pid} is writing`
          : ': the writer did not end in order; the next one keeps and signs what is whole'),
    );
  else if (!verdict.closed && !writer)
    lines.push(
      'end        the writer did not end in order: what it had in memory then is missing, uncounted',
    );
  const lost =
    verdict.lost === 0n ? 'no event is stated as lost' : `${verdict.lost} events are stated as lost`;
  const times = interruptions === 1 ? 'once' : `${interruptions} times`;
  lines.push(
    `complete   ${lost}${interruptions === 0 ? '' : `; ${times} the writer was interrupted, and what it had in memory is missing uncounted`}`,
  );
  return lines.map((line) => `${printable(line)}\n`).join('');
}

function shownRange(first: number, end: number): string {
  if (end <= first) return 'nothing';
  return end - first === 1 ? `record ${first}` : `records ${first} to ${end - 1}`;
}
