import type { WitnessedUpTo } from '../verify/verdict.ts';

/** Where the keys of the witnesses come from: a file the reader named, or one beside the log. */
export type WitnessKeySource = 'named' | 'beside the log';

/** How far a witness cosigned, for a person. */
export function witnessedLine({ name, keyId, size, time }: WitnessedUpTo, source: WitnessKeySource): string {
  const found = source === 'named' ? '' : ', found beside the log';
  const records = size === 1 ? 'record 0' : `records 0 to ${size - 1}`;
  return `witnessed  ${records} by ${name} (${keyId}${found}), at ${time}: whoever has the host's key cannot rewrite them`;
}
