const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo';

/**
 * The delay in a google.rpc.Status that carries a google.rpc.RetryInfo, in milliseconds.
 *
 *     Status    { int32 code = 1; string message = 2; repeated Any details = 3; }
 *     Any       { string type_url = 1; bytes value = 2; }
 *     RetryInfo { Duration retry_delay = 1; }
 *     Duration  { int64 seconds = 1; int32 nanos = 2; }
 *
 * Undefined when there is none, or the bytes are no such message: a receiver's nonsense is no reason to fail.
 */
export function readRetryDelayMs(status: Buffer): number | undefined {
  for (const detail of fieldsOf(status) ?? []) {
    if (detail.field !== 3 || !detail.bytes) continue;
    const any = fieldsOf(detail.bytes) ?? [];
    const type = any.find((field) => field.field === 1)?.bytes?.toString();
    if (type !== RETRY_INFO) continue;
    const info = fieldsOf(any.find((field) => field.field === 2)?.bytes ?? Buffer.alloc(0)) ?? [];
    const delay = fieldsOf(info.find((field) => field.field === 1)?.bytes ?? Buffer.alloc(0));
    if (!delay) continue;
    const seconds = delay.find((field) => field.field === 1)?.value ?? 0;
    const nanos = delay.find((field) => field.field === 2)?.value ?? 0;
    return seconds * 1_000 + nanos / 1_000_000;
  }
  return undefined;
}

/** `message` of a google.rpc.Status; empty when the bytes are none. */
export function readStatusMessage(status: Buffer): string {
  return (
    fieldsOf(status)
      ?.find(({ field, bytes }) => field === 2 && bytes)
      ?.bytes?.toString() ?? ''
  );
}

interface Field {
  readonly field: number;
  readonly value?: number;
  readonly bytes?: Buffer;
}

/** The varint and length-delimited fields of a message; undefined when the bytes are not made of those. */
function fieldsOf(message: Buffer): Field[] | undefined {
  const fields: Field[] = [];
  let at = 0;
  function varint(): number | undefined {
    let value = 0;
    for (let scale = 1; at < message.length && scale < 2 ** 53; scale *= 128) {
      const byte = message[at++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    return undefined;
  }
  while (at < message.length) {
    const tag = varint();
    const value = varint();
    if (tag === undefined || value === undefined) return undefined;
    const field = Math.floor(tag / 8);
    if (tag % 8 === 0) fields.push({ field, value });
    else if (tag % 8 === 2 && at + value <= message.length) {
      fields.push({ field, bytes: message.subarray(at, at + value) });
      at += value;
    } else return undefined;
  }
  return fields;
}
