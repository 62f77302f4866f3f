/**
 * The configuration of the endpoint service: one YAML file, checked by schemas/configuration.schema.json, which also
 * holds every default. What is wrong is told with file, line, column, value and mend, all of it at once.
 */

import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import check from '../../schemas/generated/configuration-check.cjs';
import { BadInput } from '../recognise/bad-input.ts';
import {
  byPlace,
  MAX_YAML_BYTES,
  parseYaml,
  problemsBySchema,
  type YamlPath,
} from '../recognise/checked-yaml.ts';
import type { DestinationSettings } from '../ship/destination.ts';
import type { WitnessAddress } from '../witness/submit.ts';
import { destinationOf, shipFaults, type WrittenDestination } from './ship.ts';
import { type ByteSize, bytesIn } from './size.ts';
import { type WrittenWitness, witnessFaults, witnessOf } from './witness.ts';

/** Looked for when nobody names a file; its absence is no mistake. */
export const DEFAULT_FILE = '/etc/spoor/spoor.yml';

/** Value of sensor.keep: the watch ends with the service. */
const NOWHERE = 'nowhere';
/** Value of metrics.interval: they are not sent. */
const NEVER = 'never';

const SCHEMA_FILE = new URL('../../schemas/configuration.schema.json', import.meta.url);

export interface Configuration {
  readonly state: string;
  readonly runtime: string;
  readonly logLevel: LogLevel;
  readonly recognise: {
    readonly enabled: boolean;
    readonly agents: string | undefined;
    readonly people: string | undefined;
  };
  readonly rules: { readonly builtin: boolean; readonly paths: readonly string[] };
  readonly hash: { readonly maxFileBytes: number; readonly maxExecutableBytes: number };
  readonly sensor: { readonly ringBytes: number; readonly keep: string | undefined };
  readonly protect: 'refuse' | 'report';
  readonly ship: readonly DestinationSettings[];
  /** undefined: never */
  readonly metrics: { readonly intervalMs: number | undefined };
  readonly witness: readonly WitnessAddress[];
}

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

/** As it is written, with every default filled in. */
export interface WrittenConfiguration {
  readonly state: string;
  readonly runtime: string;
  readonly log_level: LogLevel;
  readonly recognise: { readonly enabled: boolean; readonly agents?: string; readonly people?: string };
  readonly rules: { readonly builtin: boolean; readonly paths: readonly string[] };
  readonly hash: { readonly max_file: ByteSize; readonly max_executable: ByteSize };
  readonly sensor: { readonly ring: ByteSize; readonly keep: string };
  readonly protect: 'refuse' | 'report';
  readonly ship: readonly WrittenDestination[];
  readonly metrics: { readonly interval: string };
  readonly witness: readonly WrittenWitness[];
}

/** @throws BadInput naming file, line, column, value and mend of every mistake */
export function readConfiguration(path: string): Configuration {
  let fd: number | undefined;
  try {
    // A FIFO would hold us until somebody writes to it.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new BadInput([`${path}: is no file; name the configuration itself`]);
    if (stat.size > MAX_YAML_BYTES)
      throw new BadInput([
        `${path}: ${stat.size} bytes are more than ${MAX_YAML_BYTES}; this is no configuration`,
      ]);
    // Of the file that is open: another may have its name by now.
    refuseIfOpen(path, stat);
    return configurationIn(path, readFileSync(fd, 'utf8'));
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    throw new BadInput([`${path}: cannot be read (${code}); check the path and its mode`]);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Who can write the configuration can switch the watching off: nobody but its owner may. */
function refuseIfOpen(path: string, { mode, uid }: Stats): void {
  if (mode & 0o022) {
    const shown = (mode & 0o7777).toString(8).padStart(4, '0');
    throw new BadInput([
      `${path}: others than its owner may change it (mode ${shown}); run: chmod go-w ${path}`,
    ]);
  }
  const own = process.geteuid?.();
  if (uid !== 0 && uid !== own)
    throw new BadInput([`${path}: belongs to uid ${uid}, who may change it; run: chown root ${path}`]);
}

/** What the receivers are sent to know us by: a token written where its source should stand is still a token. */
function isSecret([part, , setting]: YamlPath): boolean {
  return part === 'ship' && setting === 'headers';
}

/** The entries of a list, by number, that the schema has nothing against: one mistake elsewhere hides none of theirs. */
function sound<Entry>(
  part: string,
  entries: readonly Entry[],
  broken: readonly string[],
): (readonly [number, Entry])[] {
  if (!Array.isArray(entries)) return [];
  const isBroken = (index: number) => broken.some((path) => path.startsWith(`/${part}/${index}/`));
  return [...entries.entries()].filter(([index]) => !isBroken(index));
}

/** @param name what messages call the text. @throws BadInput */
export function configurationIn(name: string, text: string): Configuration {
  const file = parseYaml(name, text);
  const problems = problemsBySchema(file, check, isSecret);
  const broken = (check.errors ?? []).map(({ instancePath }) => `${instancePath}/`);
  // The schema has just been checked and the defaults filled in, so the shape of what it found sound is no longer a hope.
  const written = file.value as WrittenConfiguration;
  problems.push(
    ...shipFaults(file, sound('ship', written.ship, broken)),
    ...witnessFaults(file, sound('witness', written.witness, broken)),
  );
  if (problems.length > 0) throw new BadInput(problems.sort(byPlace));
  return {
    state: written.state,
    runtime: written.runtime,
    logLevel: written.log_level,
    recognise: {
      enabled: written.recognise.enabled,
      agents: written.recognise.agents,
      people: written.recognise.people,
    },
    rules: written.rules,
    hash: {
      maxFileBytes: bytesIn(written.hash.max_file),
      maxExecutableBytes: bytesIn(written.hash.max_executable),
    },
    sensor: {
      ringBytes: bytesIn(written.sensor.ring),
      keep: written.sensor.keep === NOWHERE ? undefined : written.sensor.keep,
    },
    protect: written.protect,
    ship: written.ship.map(destinationOf),
    metrics: {
      intervalMs:
        written.metrics.interval === NEVER
          ? undefined
          : Number.parseInt(written.metrics.interval, 10) * 1_000,
    },
    witness: written.witness.map(witnessOf),
  };
}

/** What is in force where there is no file. */
export function defaultConfiguration(): Configuration {
  return configurationIn('defaults', '');
}

/** The properties of one object of the schema, as far as it says what a reload may change. */
interface SchemaPart {
  readonly properties?: Readonly<Record<string, SchemaPart>>;
  readonly change?: 'restart';
}

let schema: SchemaPart | undefined;

function schemaRead(): SchemaPart {
  schema ??= JSON.parse(readFileSync(SCHEMA_FILE, 'utf8')) as SchemaPart;
  return schema;
}

/** Keys, as they are written, that differ and take effect at the next start only. */
export function changesThatWait(before: Configuration, after: Configuration): string[] {
  const waiting: string[] = [];
  const walk = (part: SchemaPart, left: unknown, right: unknown, path: readonly string[]): void => {
    for (const [key, below] of Object.entries(part.properties ?? {})) {
      const [was, is] = [valueByKey(left, key), valueByKey(right, key)];
      if (below.properties) walk(below, was, is, [...path, key]);
      else if (below.change === 'restart' && JSON.stringify(was) !== JSON.stringify(is))
        waiting.push([...path, key].join('.'));
    }
  };
  walk(schemaRead(), before, after, []);
  return waiting;
}

/** The value of a key by its written name: max_file is maxFileBytes. */
function valueByKey(part: unknown, key: string): unknown {
  const name = key.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  const record = part as Readonly<Record<string, unknown>> | undefined;
  return record?.[name] ?? record?.[`${name}Bytes`] ?? record?.[`${name}Ms`];
}
