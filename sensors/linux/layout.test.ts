import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';

const project = resolve(import.meta.dirname, '../../..');
const object = resolve(project, 'build/linux/sensor.bpf.o');

test('the decoder reads the offsets that the object was built with', {
  ...(!existsSync(object) && { skip: `${object} is not built` }),
}, () => {
  const { status, stderr } = spawnSync(
    process.execPath,
    ['sensors/linux/layout.mjs', object, 'sensors/linux/generated/layout.ts', '--check'],
    { cwd: project, encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
});
