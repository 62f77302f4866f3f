import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptOf } from './script.ts';

function read(...args: string[]): string | null | undefined {
  const [called = ''] = args;
  const executableName = called.replace(/^-/, '').replace(/^.*\//, '');
  const script = scriptOf({ executableName, executablePath: called, args, workingDirectory: '/' });
  return script && (script.path ?? null); // null: its standard input
}

test('the first argument that is no option is the script, and an option value is not', () => {
  assert.equal(read('bash', 'x.sh', 'y'), 'x.sh');
  assert.equal(read('/bin/sh', '-eu', './x.sh'), './x.sh');
  assert.equal(read('bash', '-o', 'pipefail', 'x.sh'), 'x.sh');
  assert.equal(read('bash', '--rcfile', '/tmp/rc', '-i'), '/tmp/rc');
  assert.equal(read('python3.11', '-u', '-W', 'ignore', 'x.py', '-c'), 'x.py');
  assert.equal(read('node', '--require', './hook.js', 'x.js'), 'x.js');
  assert.equal(read('deno', 'run', '-A', 'x.ts'), 'x.ts');
  assert.equal(read('awk', '-F', ':', '-f', 'x.awk', 'data'), 'x.awk');
  assert.equal(read('busybox', 'sh', 'x.sh'), 'x.sh');
  assert.equal(read('bash', '--', '-x.sh'), '-x.sh');
});

test('text in an argument, a module and a program that interprets nothing name no script', () => {
  assert.equal(read('sh', '-c', './x.sh'), undefined);
  assert.equal(read('bash', '-lc', 'x'), undefined);
  assert.equal(read('python3', '-m', 'http.server'), undefined);
  assert.equal(read('perl', '-e', 'print', 'x.pl'), undefined);
  assert.equal(read('cat', 'x.sh'), undefined);
  assert.equal(read('make', 'x.sh'), undefined);
  assert.equal(read('awk', '{print}', 'x.sh'), undefined);
});

test('an interpreter without a script reads its standard input', () => {
  assert.equal(read('sh'), null);
  assert.equal(read('bash', '-s', 'x'), null);
  assert.equal(read('-bash'), null);
});
