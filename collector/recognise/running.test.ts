import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ownCatalogue } from './catalogue-file.ts';
import { npmPackage, plant } from './planted.ts';
import { createRecogniser } from './recognise.ts';
import type { Recognition } from './recognition.ts';
import { createFilesOf, runningProcess } from './running.ts';

const IS_ROOT = process.getuid?.() === 0 ? {} : { skip: 'a mount namespace needs root' };

/** Says its pid, then lives until its standard input ends. */
const WAITING = 'console.log(process.pid); process.stdin.resume();';

function plantGemini(t: TestContext): string {
  const root = plant(t, npmPackage('/', '@google/gemini-cli', '0.61.0', { gemini: 'bundle/gemini.js' }));
  appendFileSync(join(root, '/lib/node_modules/@google/gemini-cli/bundle/gemini.js'), WAITING);
  return root;
}

/** Starts a real process that prints a pid, and tells what that pid is taken for. */
async function recognised(
  t: TestContext,
  command: string,
  ...args: string[]
): Promise<Recognition | undefined> {
  const child: ChildProcess = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  t.after(async () => {
    child.stdin?.end();
    await ended;
  });
  assert.ok(child.stdout);
  const [output] = (await once(child.stdout, 'data')) as [Buffer];
  const running = runningProcess(Number(output.toString().trim()), () => '/root');
  assert.ok(running);
  return createRecogniser({ catalogue: ownCatalogue(), files: createFilesOf() }).recognise(running.exec);
}

test('a real node process that runs an agent’s program is that agent, with the version of its package', async (t) => {
  const root = plantGemini(t);
  const recognition = await recognised(t, process.execPath, join(root, 'bin/gemini'), '--yolo');
  assert.equal(recognition?.agent, 'gemini-cli');
  assert.equal(recognition?.verdict, 'agent');
  assert.equal(recognition?.version, '0.61.0');
  assert.deepEqual(recognition?.unsafeSwitches, ['--yolo']);
});

test(
  'an agent in a mount namespace of its own is recognised by the files that it sees and we do not',
  IS_ROOT,
  async (t) => {
    const root = plantGemini(t);
    const hidden = plant(t, { '/here/': '' });
    const script = `mount --bind ${root} ${hidden}/here && exec ${realpathSync(process.execPath)} ${hidden}/here/bin/gemini`;
    const recognition = await recognised(t, 'unshare', '-m', 'sh', '-c', script);
    assert.equal(recognition?.agent, 'gemini-cli');
    assert.equal(recognition?.version, '0.61.0');
    assert.equal(recognition?.root, `${hidden}/here/lib/node_modules/@google/gemini-cli`);
  },
);

test('a process that renames itself to an agent in comm and arguments is none', async (t) => {
  const root = plant(t, { '/x.js': `process.title = 'codex'; ${WAITING}` });
  assert.equal(await recognised(t, process.execPath, join(root, 'x.js')), undefined);
});

test('an agent started through a link of another name is the agent', async (t) => {
  const root = plantGemini(t);
  symlinkSync('bin/gemini', join(root, 'innocent.js'));
  assert.equal((await recognised(t, process.execPath, join(root, 'innocent.js')))?.agent, 'gemini-cli');
});

test('a kernel thread and a process that is gone are no processes to recognise', () => {
  assert.equal(
    runningProcess(2 ** 22 + 1, () => undefined),
    undefined,
  );
});
