import { join } from 'node:path';
import type { StateFolder } from '../cli/state.ts';
import { formatWitnessKey } from '../log/cosignature.ts';
import { replaceFile } from '../log/files.ts';
import type { Seal } from '../seal/seal.ts';
import { type Countersigner, countersign } from '../witness/countersign.ts';
import type { WitnessAddress } from '../witness/submit.ts';

/** Has the log countersigned from here on, and publishes the witnesses' keys beside it, for `spoor verify`. */
export function openWitnesses(
  witnesses: readonly WitnessAddress[],
  state: StateFolder,
  seal: Seal,
): Countersigner {
  if (witnesses.length === 0) return { finish: () => Promise.resolve() };
  const lines = witnesses.map(({ key }) => `${formatWitnessKey(key)}\n`).join('');
  replaceFile(join(state.keyDirectory, 'witness.pub'), lines, 0o644);
  return countersign(seal, state.logDirectory, witnesses);
}
