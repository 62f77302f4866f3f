/** Words that make a program a suspect (bpf/suspects.h), as the kernel compares them. */

/** SUSPECT_WORD_BYTES of bpf/records.h: the name, cut to 31 bytes, and NULs. */
const WORD_BYTES = 32;
/** A task's comm holds 15 bytes of the name it was called by. */
const COMM_BYTES = 15;

/** Each word as it stands in a path, and as it is cut in comm. */
export function kernelWords(words: Iterable<string>): Set<string> {
  const cut = new Set<string>();
  for (const word of words) {
    const bytes = Buffer.from(word);
    if (bytes.length === 0) continue;
    cut.add(bytes.toString('latin1', 0, WORD_BYTES - 1));
    cut.add(bytes.toString('latin1', 0, COMM_BYTES));
  }
  return cut;
}

/** @param words of kernelWords() */
export function packedWords(words: Iterable<string>): Buffer {
  return Buffer.concat(
    [...words].map((word) => {
      const packed = Buffer.alloc(WORD_BYTES);
      packed.write(word, 'latin1');
      return packed;
    }),
  );
}
