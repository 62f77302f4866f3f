/** Reads and checks a catalogue as people write it: schemas/agents.yml, and an endpoint's own file. */

import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import { BadInput } from './bad-input.ts';
import { checkBySchema, MAX_YAML_BYTES, parseYaml, type YamlFile } from './checked-yaml.ts';
import { entryFaults } from './entry-fault.ts';
import type { WrittenCatalogue } from './written-agent.ts';

const SCHEMA_FILE = new URL('../../schemas/agents.schema.json', import.meta.url);

/** One checked file. `name` is what messages call it. */
export interface CatalogueText {
  readonly file: YamlFile;
  readonly written: WrittenCatalogue;
}

/** @throws BadInput */
export function readWritten(name: string, text: string): CatalogueText {
  const file = parseYaml(name, text);
  checkBySchema(file, validator());
  // The schema has just been checked, so the shape is no longer a hope.
  const written = file.value as WrittenCatalogue;
  const problems = entryFaults(file, written);
  if (problems.length > 0) throw new BadInput(problems);
  return { file, written };
}

let validate: ValidateFunction | undefined;

function validator(): ValidateFunction {
  validate ??= new Ajv({ allErrors: true, verbose: true }).compile(
    JSON.parse(readFileSync(SCHEMA_FILE, 'utf8')),
  );
  return validate;
}

/** @throws BadInput */
export function readOverlay(path: string): CatalogueText {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new BadInput([
      `${path}: cannot be read (${(error as NodeJS.ErrnoException).code}); check the path and its mode`,
    ]);
  }
  if (bytes.length > MAX_YAML_BYTES)
    throw new BadInput([
      `${path}: ${bytes.length} bytes are more than ${MAX_YAML_BYTES}; split the file or write less`,
    ]);
  return readWritten(path, bytes.toString('utf8'));
}
