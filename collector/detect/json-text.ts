/** A value of an event as JSON, whatever it is. */

/** Nesting that is written out; JSON.stringify would go on until the stack ends. */
const MAX_DEPTH = 16;

/** For people and for keys: what is nested deeper than MAX_DEPTH is "…", undefined is "nothing". */
export function jsonText(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'bigint') return String(value);
  const depths = new Map<unknown, number>();
  return JSON.stringify(value, function write(this: unknown, _key, inner: unknown) {
    if (typeof inner === 'bigint') return String(inner);
    if (typeof inner !== 'object' || inner === null) return inner;
    const depth = (depths.get(this) ?? 0) + 1;
    if (depth > MAX_DEPTH) return '…';
    depths.set(inner, depth);
    return inner;
  });
}
