/** The modes of a day's events are few, so their texts are made once. */
const OCTAL = Array.from({ length: 0o10000 }, (_, mode) => mode.toString(8).padStart(4, '0'));

/** Permission bits as chmod(1) writes them: "0644". */
export function octal(mode: number): string | undefined {
  return OCTAL[mode & 0o7777];
}
