/** Whether a text stands in another, in linear time even when both are hostile. */

/** Up to here the engine's own search is quicker, and at its worst goes through the text this many times. */
const SHORT_CHARS = 64;

export function includesText(text: string, wanted: string): boolean {
  if (wanted.length <= SHORT_CHARS || wanted.length > text.length) return text.includes(wanted);
  const borders = bordersOf(wanted);
  let fits = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    while (fits > 0 && wanted.charCodeAt(fits) !== code) fits = borders[fits - 1] as number;
    if (wanted.charCodeAt(fits) === code) fits += 1;
    if (fits === wanted.length) return true;
  }
  return false;
}

/** For each beginning of the text, the longest shorter one that it also ends with (Knuth, Morris and Pratt 1977). */
function bordersOf(text: string): Int32Array {
  const borders = new Int32Array(text.length);
  let fits = 0;
  for (let at = 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    while (fits > 0 && text.charCodeAt(fits) !== code) fits = borders[fits - 1] as number;
    if (text.charCodeAt(fits) === code) fits += 1;
    borders[at] = fits;
  }
  return borders;
}
