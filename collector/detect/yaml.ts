/** Reads YAML 1.2 into a tree that knows its places, and refuses what a rule file must not hold. */

import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseAllDocuments,
  type YAMLParseError,
  type Node as YamlNode,
} from 'yaml';
import { readPlainYaml } from './plain-yaml.ts';
import { type Place, Refusal } from './refusal.ts';
import type { YamlScalar, YamlTree } from './yaml-tree.ts';

/** A rule file is text that people write. The parser holds about 60 times its size; a longer file is refused. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;

/** Nodes of one document after aliases are followed, 100 B each. A document that grows past it is refused as a bomb. */
const MAX_NODES = 50_000;

/** The longest single string in a rule: an index is built from it. A longer one is refused. */
const MAX_STRING_CHARS = 65_536;

/** Rules are a few levels deep; past this the recursion of parser and compiler would be at the file's mercy. */
const MAX_DEPTH = 64;
const TOO_DEEP = `nested deeper than ${MAX_DEPTH} levels; a rule needs four`;

/** Shorter parts of a text are copied by V8 itself (SlicedString::kMinLength). */
const MIN_VIEW_CHARS = 13;

/** One document of a file, or why it cannot be read; the file's other documents are not touched by that. */
export type YamlDocument = { readonly tree: YamlTree } | { readonly refusal: Refusal };

/** Reads every document of `text`. Never throws for what the text contains. */
export function readYaml(file: string, text: string): YamlDocument[] {
  const plain = readPlainYaml(text);
  return plain ? [{ tree: plain }] : parseYaml(file, text);
}

/** The same by the parser of the whole language. */
export function parseYaml(file: string, text: string): YamlDocument[] {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_FILE_BYTES) {
    const message = `the file has ${bytes} bytes, more than the ${MAX_FILE_BYTES} a rule file may have; split it`;
    return [{ refusal: new Refusal(file, { line: 1, column: 1 }, message) }];
  }
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    version: '1.2',
    schema: 'core',
    uniqueKeys: true,
    intAsBigInt: true,
    prettyErrors: false,
    strict: true,
  });
  const read: YamlDocument[] = [];
  for (const document of 'empty' in documents ? [] : documents) {
    const error = document.errors[0];
    if (error) {
      const place = placeAt(lines, error.pos[0]);
      read.push({ refusal: new Refusal(file, place, causeOf(error, text)) });
    } else if (document.contents) {
      read.push(treeOf(file, lines, document.contents));
    }
  }
  return read;
}

function treeOf(file: string, lines: LineCounter, root: ParsedNode): YamlDocument {
  let nodes = 0;
  // Filled in the order of the document, so an alias finds the last anchor of its name that stands before it.
  const anchors = new Map<string, YamlNode>();

  function convert(node: YamlNode | null, depth: number, fallback: Place): YamlTree {
    const at = node?.range ? placeAt(lines, node.range[0]) : fallback;
    nodes += 1;
    if (nodes > MAX_NODES)
      throw new Refusal(
        file,
        at,
        `more than ${MAX_NODES} nodes once its aliases are followed; write it out without aliases`,
      );
    if (depth > MAX_DEPTH) throw new Refusal(file, at, TOO_DEEP);
    if (node === null) return { kind: 'scalar', value: null, source: '', ...at };
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (!target) throw new Refusal(file, at, `alias *${node.source} has no anchor before it`);
      return convert(target, depth + 1, at);
    }
    if (node.anchor) anchors.set(node.anchor, node);
    if (isMap(node)) {
      const entries = node.items.map((pair) => {
        const key = pair.key as YamlNode | null;
        const keyAt = key?.range ? placeAt(lines, key.range[0]) : at;
        if (!isScalar(key)) throw new Refusal(file, keyAt, 'a key must be plain text');
        const name = key.value === null ? '' : (key.source ?? String(key.value));
        if (name === '<<' && key.type === 'PLAIN')
          throw new Refusal(
            file,
            keyAt,
            'merge keys (<<) are YAML 1.1, Sigma is YAML 1.2; write the keys out',
          );
        return { key: name, keyAt, value: convert(pair.value as YamlNode | null, depth + 1, keyAt) };
      });
      return { kind: 'map', entries, ...at };
    }
    if (isSeq(node))
      return {
        kind: 'list',
        items: node.items.map((item) => convert(item as YamlNode | null, depth + 1, at)),
        ...at,
      };
    if (isScalar(node)) {
      const value = scalarValue(node.value);
      if (typeof value === 'string' && value.length > MAX_STRING_CHARS)
        throw new Refusal(
          file,
          at,
          `a string of ${value.length} characters; the longest allowed has ${MAX_STRING_CHARS}`,
        );
      const source = ownText(node.source ?? String(value ?? ''));
      return { kind: 'scalar', value: typeof value === 'string' ? ownText(value) : value, source, ...at };
    }
    throw new Refusal(file, at, 'neither a map, a list nor a plain value');
  }

  try {
    return { tree: convert(root, 0, { line: 1, column: 1 }) };
  } catch (error) {
    if (error instanceof Refusal) return { refusal: error };
    throw error;
  }
}

/** A big integer becomes a number where that is exact. */
function scalarValue(value: unknown): YamlScalar['value'] {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  return String(value);
}

/** V8 keeps a part of a text as a view of the whole: a rule would keep its file's text alive by one word of it. */
function ownText(text: string): string {
  return text.length < MIN_VIEW_CHARS ? text : Buffer.from(text, 'utf16le').toString('utf16le');
}

function placeAt(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function causeOf({ code, message, pos }: YAMLParseError, text: string): string {
  if (code === 'DUPLICATE_KEY') return duplicateKey(text, pos[0]);
  // The parser's own stack ended.
  return code === 'RESOURCE_EXHAUSTION' ? TOO_DEEP : lowerFirst(message);
}

function duplicateKey(text: string, offset: number): string {
  const key = /^[^:\r\n]{0,80}/.exec(text.slice(offset, offset + 100))?.[0].trim() ?? '';
  return `key "${key}" stands twice in the same map; a map keeps only one of them, so remove the other`;
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
