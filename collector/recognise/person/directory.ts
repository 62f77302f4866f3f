/**
 * Who a user of this host is in the organisation's directory, by a mapping file:
 *
 *   subjects:
 *     alice: alice.archer@example.org
 *     bob: 00u1b2c3d4
 *   domain: example.org        # for everybody else: NAME@example.org
 */

import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { BadInput } from '../bad-input.ts';
import { checkBySchema, parseYaml } from '../checked-yaml.ts';

const SCHEMA = {
  type: 'object',
  additionalProperties: false,
  properties: {
    subjects: {
      type: 'object',
      additionalProperties: { type: 'string', minLength: 1, maxLength: 256 },
    },
    domain: { type: 'string', minLength: 1, maxLength: 253 },
  },
};

interface Mapping {
  readonly subjects?: Readonly<Record<string, string>>;
  readonly domain?: string;
}

/**
 * @returns the subject of a user name; undefined for root and for whoever is not in the file when it names no domain
 * @throws BadInput naming file, line, column and mend
 */
export function loadDirectory(path: string): (userName: string) => string | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new BadInput([
      `${path}: cannot be read (${(error as NodeJS.ErrnoException).code}); check the path and its mode`,
    ]);
  }
  return directoryOf(path, text);
}

/** @throws BadInput */
export function directoryOf(name: string, text: string): (userName: string) => string | undefined {
  const file = parseYaml(name, text);
  checkBySchema(file, new Ajv({ allErrors: true, verbose: true }).compile(SCHEMA));
  const { subjects = {}, domain } = file.value as Mapping;
  const bySubject = new Map(Object.entries(subjects));
  // root is a role, not a person: only a line of its own makes it one.
  return (userName) =>
    bySubject.get(userName) ?? (domain && userName !== 'root' ? `${userName}@${domain}` : undefined);
}
