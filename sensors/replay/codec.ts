/** How values stand in a recording's JSON, and how they are checked when they come back. */

/** Where a value lies inside its line, for messages: "process.startNs". */
export type Place = string;

export interface Codec<T> {
  write(value: T): unknown;
  /** @throws RecordingFault when the JSON is not of this shape */
  read(json: unknown, place: Place): T;
}

/** What is wrong with a value, and where in the line. */
export class RecordingFault extends Error {
  override readonly name = 'RecordingFault';
}

function refuse(place: Place, wanted: string, json: unknown): never {
  const shown = JSON.stringify(json) ?? 'nothing';
  const cut = shown.length > 60 ? `${shown.slice(0, 60)}…` : shown;
  throw new RecordingFault(`${place} must be ${wanted}, not ${cut}`);
}

export const integer: Codec<number> = {
  write: (value) => value,
  read: (json, place) =>
    Number.isSafeInteger(json) ? (json as number) : refuse(place, 'a whole number', json),
};

export const truth: Codec<boolean> = {
  write: (value) => value,
  read: (json, place) => (typeof json === 'boolean' ? json : refuse(place, 'true or false', json)),
};

export const text: Codec<string> = {
  write: (value) => value,
  read: (json, place) => (typeof json === 'string' ? json : refuse(place, 'a string', json)),
};

/** JSON numbers are exact to 2^53 only, so a big one is its decimal digits in a string. */
export const big: Codec<bigint> = {
  write: (value) => value.toString(),
  read: (json, place) =>
    typeof json === 'string' && /^-?\d+$/.test(json)
      ? BigInt(json)
      : refuse(place, 'digits in a string', json),
};

/** UTF-8 as a string; anything else as {"base64": ...}. */
export const bytes: Codec<Buffer> = {
  write(value) {
    const shown = value.toString('utf8');
    return Buffer.from(shown, 'utf8').equals(value) ? shown : { base64: value.toString('base64') };
  },
  read(json, place) {
    if (typeof json === 'string') return Buffer.from(json, 'utf8');
    if (isObject(json) && typeof json.base64 === 'string') return Buffer.from(json.base64, 'base64');
    return refuse(place, 'a string, or {"base64": ...} for bytes that are not UTF-8', json);
  },
};

export function oneOf<Word extends string>(...words: readonly Word[]): Codec<Word> {
  return {
    write: (value) => value,
    read: (json, place) =>
      words.find((word) => word === json) ?? refuse(place, `one of ${words.join(', ')}`, json),
  };
}

export function list<T>(of: Codec<T>): Codec<readonly T[]> {
  return {
    write: (value) => value.map((item) => of.write(item)),
    read: (json, place) =>
      Array.isArray(json)
        ? json.map((item, index) => of.read(item, `${place}[${index}]`))
        : refuse(place, 'a list', json),
  };
}

/** A field that may be missing: undefined is not written. */
export function optional<T>(of: Codec<T>): Codec<T | undefined> {
  return {
    write: (value) => (value === undefined ? undefined : of.write(value)),
    read: (json, place) => (json === undefined ? undefined : of.read(json, place)),
  };
}

export type Fields<T> = { readonly [Name in keyof T]-?: Codec<T[Name]> };

/** Exactly these fields: reads each by name (a getter too), and refuses one it does not know. */
export function object<T>(fields: Fields<T>): Codec<T> {
  const names = Object.keys(fields) as (keyof T & string)[];
  return {
    write: (value) => Object.fromEntries(names.map((name) => [name, fields[name].write(value[name])])),
    read(json, place) {
      if (!isObject(json)) return refuse(place, 'an object', json);
      const unknown = Object.keys(json).find((name) => !(name in fields));
      if (unknown !== undefined)
        throw new RecordingFault(`${join(place, unknown)} is unknown; the recording is of another version`);
      return Object.fromEntries(
        names.map((name) => [name, fields[name].read(json[name], join(place, name))]),
      ) as T;
    },
  };
}

function join(place: Place, name: string): Place {
  return place === '' ? name : `${place}.${name}`;
}

export function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
