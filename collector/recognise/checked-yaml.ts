/** A YAML file whose every mistake is told with file, line, column, value and mend. */

import type { ErrorObject, ValidateFunction } from 'ajv';
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import { BadInput } from './bad-input.ts';
import { likelyWord } from './likely.ts';

/** Largest file read. A catalogue of 1,000 agents has about 1 MB; a larger file is refused, named with its size. */
export const MAX_YAML_BYTES = 4 * 1024 * 1024;

export type YamlPath = readonly (string | number)[];

export interface YamlFile {
  /** What the file is called in messages. */
  readonly name: string;
  readonly value: unknown;
  /** "file:line:column: text" for the value at a path, or for the key that leads to it. */
  problemAt(path: YamlPath, place: 'key' | 'value', text: string): string;
}

/** @throws BadInput when the text is not one YAML document, or a key stands twice */
export function parseYaml(name: string, text: string): YamlFile {
  if (text.length > MAX_YAML_BYTES)
    throw new BadInput([`${name}: ${text.length} characters are too many; split the file or write less`]);
  const lines = new LineCounter();
  // Aliases are cut short: a dozen lines of nested aliases can otherwise stand for billions of values.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const wrong = document.errors.map((error) => {
    const { line, col } = lines.linePos(error.pos[0]);
    return `${name}:${line}:${col}: ${error.message.split('\n')[0]}; mend the YAML there`;
  });
  if (wrong.length > 0) throw new BadInput(wrong);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
    if (holdsItself(value)) throw new Error('An alias stands within the value that it names');
  } catch (error) {
    throw new BadInput([`${name}:1:1: ${(error as Error).message}; write the values out`]);
  }
  return {
    name,
    value: value ?? {},
    problemAt(path, place, message) {
      const { line, col } = lines.linePos(offsetOf(document, path, place));
      return `${name}:${line}:${col}: ${message}`;
    },
  };
}

/** YAML lets an alias stand for the list or map around it: a value without an end, which no reader here expects. */
function holdsItself(value: unknown, around: readonly unknown[] = []): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (around.includes(value)) return true;
  return Object.values(value).some((inner) => holdsItself(inner, [...around, value]));
}

/** Byte offset of a value, of its key, or of the nearest thing above it that has a place in the file. */
function offsetOf(document: Document, path: YamlPath, place: 'key' | 'value'): number {
  for (let length = path.length; length >= 0; length--) {
    const upTo = path.slice(0, length);
    if (place === 'key' && length > 0) {
      const parent = length === 1 ? document.contents : document.getIn(upTo.slice(0, -1), true);
      if (isMap(parent)) {
        const key = parent.items.find(
          (item) => isScalar(item.key) && String(item.key.value) === String(upTo.at(-1)),
        )?.key;
        if (isNode(key) && key.range) return key.range[0];
      }
    }
    const node = length === 0 ? document.contents : document.getIn(upTo, true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

/**
 * @param isSecret says where values stand that no message may show
 * @throws BadInput with every way in which the file breaks its schema
 */
export function checkBySchema(
  file: YamlFile,
  validate: ValidateFunction,
  isSecret: (path: YamlPath) => boolean = () => false,
): void {
  const problems = problemsBySchema(file, validate, isSecret);
  if (problems.length > 0) throw new BadInput(problems.sort(byPlace));
}

/** What a schema says of a file, in its own order: for who has more to say of it. */
export function problemsBySchema(
  file: YamlFile,
  validate: ValidateFunction,
  isSecret: (path: YamlPath) => boolean = () => false,
): string[] {
  if (validate(file.value)) return [];
  const problems = new Set<string>();
  for (const error of validate.errors ?? []) {
    const problem = tell(file, error, isSecret);
    if (problem) problems.add(problem);
  }
  return [...problems];
}

/** Messages begin with file:line:column; ajv reports in the order of the schema's keywords. */
export function byPlace(left: string, right: string): number {
  const place = (message: string) => /:(\d+):(\d+): /.exec(message)?.slice(1).map(Number) ?? [0, 0];
  const [leftLine = 0, leftColumn = 0] = place(left);
  const [rightLine = 0, rightColumn = 0] = place(right);
  return leftLine - rightLine || leftColumn - rightColumn;
}

function tell(file: YamlFile, error: ErrorObject, isSecret: (path: YamlPath) => boolean): string | undefined {
  const path = pathOf(error.instancePath);
  const shownPath = path.length > 0 ? `${path.join('.')}: ` : '';
  const found = isSecret(path) ? 'what stands there' : shown(error.data);
  switch (error.keyword) {
    case 'additionalProperties': {
      const key = String(error.params.additionalProperty);
      const known = Object.keys((error.parentSchema?.properties as object | undefined) ?? {});
      const likely = likelyWord(key, known);
      const mend = likely ? `did you mean "${likely}"?` : `known here: ${known.join(', ')}`;
      return file.problemAt([...path, key], 'key', `${shownPath}unknown key "${key}"; ${mend}`);
    }
    case 'propertyNames': {
      const key = String(error.params.propertyName);
      return file.problemAt(
        [...path, key],
        'key',
        `${shownPath}"${key}" cannot be a name here; ${nameMend(path)}`,
      );
    }
    case 'enum': {
      const allowed = (error.params.allowedValues as unknown[]).map(String);
      const likely = likelyWord(String(error.data), allowed);
      const mend = likely ? `did you mean "${likely}"?` : `write one of ${allowed.join(', ')}`;
      return file.problemAt(path, 'value', `${shownPath}${found} is not known; ${mend}`);
    }
    case 'type':
      return file.problemAt(
        path,
        'value',
        `${shownPath}${found} is not ${withArticle(String(error.params.type))}; write ${example(String(error.params.type))}`,
      );
    case 'required':
      return file.problemAt(
        path,
        'value',
        `${shownPath}"${error.params.missingProperty}" is missing; add it`,
      );
    case 'pattern':
      // The name of a property is told by propertyNames, which knows where it stands.
      if (error.propertyName !== undefined) return undefined;
      return file.problemAt(
        path,
        'value',
        `${shownPath}${found} has the wrong form; ${mendIn(error) ?? formMend(String(error.params.pattern))}`,
      );
    case 'oneOf':
      return file.problemAt(
        path,
        'value',
        `${shownPath}${found} is neither a word nor a list of words; write one`,
      );
    default:
      return file.problemAt(path, 'value', `${shownPath}${found} ${error.message ?? 'is refused'}`);
  }
}

function nameMend(path: YamlPath): string {
  return path.length === 1 && path[0] === 'agents'
    ? 'an id is lower-case letters, digits and "-", such as acme-helper'
    : 'a variable is letters, digits and "_", such as ACME_AGENT';
}

/** How the schema itself says to write the value (its keyword `mend`). */
function mendIn(error: ErrorObject): string | undefined {
  const mend: unknown = error.parentSchema?.mend;
  return typeof mend === 'string' ? mend : undefined;
}

/** What the patterns of schemas without `mend` ask for, in words. */
function formMend(pattern: string): string {
  if (pattern.includes('npm|pypi'))
    return 'write ecosystem:name, such as npm:@acme/helper or pypi:acme-helper';
  if (pattern.includes('~/')) return 'begin with ~/, / or **/';
  if (pattern.includes('a-z0-9.*-'))
    return 'write a host name in lower case, such as api.acme.example or *.acme.example';
  if (pattern.includes('^/*?')) return 'write a file name without "/", "*" or "?"';
  return `it must match ${pattern}`;
}

function pathOf(instancePath: string): string[] {
  return instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function shown(value: unknown): string {
  // A URL may hold a password, wherever it was written by mistake.
  const text = (JSON.stringify(value) ?? String(value)).replaceAll(/\/\/[^/\s"]*@/g, '//...@');
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function withArticle(type: string): string {
  return type === 'array'
    ? 'a list'
    : type === 'object'
      ? 'a map of keys'
      : /^[aeiou]/.test(type)
        ? `an ${type}`
        : `a ${type}`;
}

function example(type: string): string {
  if (type === 'array') return 'a list such as [one, two]';
  if (type === 'object') return 'keys below it, indented';
  if (type === 'boolean') return 'true or false';
  if (type === 'integer') return 'a whole number';
  return 'a word';
}
