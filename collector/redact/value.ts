/** What a value looks like, where its name alone does not decide. */

/** Shorter values are words, versions, ports. */
const MIN_RANDOM_CHARACTERS = 16;
/** Longer ones are judged by their beginning: it is random or it is not. */
const MAX_JUDGED_CHARACTERS = 128;
/** Of a random string over 64 characters, half differ at this length; English text and paths repeat more. */
const MIN_DISTINCT_SHARE = 0.4;

/** Letters and digits mixed, without the marks of a path, a host name or a sentence. */
export function looksRandom(value: string): boolean {
  if (value.length < MIN_RANDOM_CHARACTERS) return false;
  const judged = value.slice(0, MAX_JUDGED_CHARACTERS);
  if (!/^[A-Za-z0-9+/=_.:~!@#$%^&*-]+$/.test(judged) || /^(?:\.{0,2}\/|~)/.test(judged)) return false;
  if (!/[0-9]/.test(judged) || !/[A-Za-z]/.test(judged)) return false;
  if (/\.(?:pem|key|crt|cer|pub|json|ya?ml|txt|js|ts|py|sh|so|jks|p12)$/i.test(judged)) return false;
  return new Set(judged).size / Math.min(judged.length, 40) >= MIN_DISTINCT_SHARE;
}

/** Nothing is hidden by masking it: empty, a switch, a reference, or masked already by who wrote it. */
export function isNoSecret(value: string): boolean {
  return (
    value === '' ||
    /^(?:[0-9]|true|false|yes|no|on|off|null|none|nil|undefined|auto|default|required|stdin)$/i.test(value) ||
    /^(?:\*{3,}|x{4,}|\.{3}|<[^>]{0,64}>|\[[a-z]{0,32}\])$/i.test(value)
  );
}

/** A shell's reference to a value that is somewhere else: $TOKEN, ${TOKEN}, $(cat file), `cat file`. */
export function isReference(value: string): boolean {
  return /^(?:\$[A-Za-z_{(]|`)/.test(value);
}
