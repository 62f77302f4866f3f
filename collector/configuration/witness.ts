import { parseWitnessKey } from '../log/cosignature.ts';
import { NoteError } from '../log/note.ts';
import type { YamlFile } from '../recognise/checked-yaml.ts';
import type { WitnessAddress } from '../witness/submit.ts';

/** An entry of `witness`, as it is written. */
export interface WrittenWitness {
  readonly url: string;
  readonly key: string;
}

/** What the schema cannot say: whether the keys are keys. */
export function witnessFaults(
  file: YamlFile,
  written: readonly (readonly [number, WrittenWitness])[],
): string[] {
  return written.flatMap(([index, { key }]) => {
    try {
      parseWitnessKey(key);
      return [];
    } catch (error) {
      if (!(error instanceof NoteError)) throw error;
      const path = ['witness', index, 'key'];
      return [
        file.problemAt(path, 'value', `witness.${index}.key: ${error.message}; copy it from witness.pub`),
      ];
    }
  });
}

export function witnessOf({ url, key }: WrittenWitness): WitnessAddress {
  return { url, key: parseWitnessKey(key) };
}
