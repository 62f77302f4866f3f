import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { shown } from './shown.ts';

test('every byte that is not UTF-8 is shown as \\xNN and everything else as it is', () => {
  assert.equal(shown(Buffer.from('/tmp/caf\xe9', 'latin1')), '/tmp/caf\\xe9');
  assert.equal(shown(Buffer.from('/tmp/café/\u{1f43e}')), '/tmp/café/\u{1f43e}');
  assert.equal(shown(Buffer.from([0xc0, 0xaf])), '\\xc0\\xaf'); // an overlong slash
  assert.equal(shown(Buffer.from([0xed, 0xa0, 0x80])), '\\xed\\xa0\\x80'); // a surrogate
  assert.equal(shown(Buffer.from([0xf4, 0x90, 0x80, 0x80])), '\\xf4\\x90\\x80\\x80'); // past U+10FFFF
  assert.equal(shown(Buffer.from([0x61, 0xe2, 0x82])), 'a\\xe2\\x82'); // a sequence cut at the end
});

test('the shown text is the decoder of the platform wherever that one finds no fault', () => {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 24 }), (array) => {
      const text = shown(Buffer.from(array));
      const replaced = text.replaceAll(/\\x[89a-f][0-9a-f]/g, '\ufffd');
      // The platform gives one U+FFFD for a whole faulty sequence, so runs of it are compared as one.
      const asOne = (value: string) => value.replaceAll(/\ufffd+/g, '\ufffd');
      assert.equal(asOne(replaced), asOne(decoder.decode(array)));
    }),
    { numRuns: 2_000 },
  );
});
