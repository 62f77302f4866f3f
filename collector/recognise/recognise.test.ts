import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { ownCatalogue } from './catalogue-file.ts';
import { grow, npmPackage, plant, type Tree } from './planted.ts';
import { createProcessFiles, type ProcessFiles } from './process-files.ts';
import { createRecogniser, type Recogniser } from './recognise.ts';
import type { ExecFacts } from './recognition.ts';

const catalogue = ownCatalogue();
const HOME = '/home/dev';
const NODE = '/usr/bin/node';

function exec(executable: string, args: readonly string[], more: Partial<ExecFacts> = {}): ExecFacts {
  return { pid: 1, executable, calledPath: executable, args, workingDirectory: '/srv', home: HOME, ...more };
}

function recogniserOver(root: string, environment = ''): Recogniser {
  const files: ProcessFiles = { ...createProcessFiles(root), environment: () => Buffer.from(environment) };
  return createRecogniser({ catalogue, files: () => files });
}

/** A recogniser that may not touch the file system. */
function blindRecogniser(): Recogniser {
  return createRecogniser({
    catalogue,
    files: () => {
      throw new Error('the file system was asked');
    },
  });
}

test('an exec that can mean no agent asks the file system nothing', () => {
  const recogniser = blindRecogniser();
  for (const [executable, ...args] of [
    ['/usr/bin/git', 'status'],
    ['/usr/lib/gcc/x86_64-linux-gnu/12/cc1', '-quiet', 'codex.c'],
    ['/usr/bin/dash', '-c', 'claude'],
    ['/usr/bin/python3.11', '/usr/bin/lsb_release', '-a'],
    [NODE, '-e', 'require("@openai/codex")'],
    [NODE],
  ] as const)
    assert.equal(recogniser.recognise(exec(executable, [executable, ...args])), undefined);
});

test('a file that was verified is known again by its inode alone, and its new content is not', (t) => {
  const path = `${HOME}/.opencode/bin/opencode`;
  const root = plant(t, { [path]: '' });
  let isBlind = false;
  const recogniser = createRecogniser({
    catalogue,
    files: () => {
      assert.ok(!isBlind, 'the file system was asked');
      return createProcessFiles(root);
    },
  });
  const file = { device: '8:1', inode: 77n, changeNs: 5n };
  assert.equal(recogniser.recognise(exec(path, ['opencode'], { executableFile: file }))?.verdict, 'agent');
  isBlind = true;
  const again = recogniser.recognise(
    exec('/tmp/renamed', ['x', '--dangerously-skip-permissions'], { executableFile: file }),
  );
  assert.equal(again?.agent, 'opencode');
  assert.equal(again?.evidence[0]?.kind, 'known_file');
  assert.deepEqual(again?.unsafeSwitches, ['--dangerously-skip-permissions']);
  const changed = { ...file, changeNs: 6n };
  assert.equal(recogniser.recognise(exec('/tmp/renamed', ['x'], { executableFile: changed })), undefined);
});

test('an upgrade in place is seen at the next exec', (t) => {
  const bin = { gemini: 'bundle/gemini.js' };
  const root = plant(t, npmPackage('/usr/local', '@google/gemini-cli', '0.60.0', bin));
  const recogniser = recogniserOver(root);
  const start = exec(NODE, ['node', '/usr/local/bin/gemini']);
  assert.equal(recogniser.recognise(start)?.version, '0.60.0');
  const manifest = '/usr/local/lib/node_modules/@google/gemini-cli/package.json';
  grow(root, { [manifest]: JSON.stringify({ name: '@google/gemini-cli', version: '0.61.0', bin }) });
  assert.equal(recogniser.recognise(start)?.version, '0.61.0');
});

test('absolute links inside another root lead to that root, not to ours', (t) => {
  const root = plant(t, {
    ...npmPackage('/opt/inside', '@google/gemini-cli', '0.61.0', { gemini: 'bundle/gemini.js' }),
    '/usr/bin/gemini': '-> /opt/inside/bin/gemini',
    '/loop/a': '-> /loop/b',
    '/loop/b': '-> /loop/a',
    '/up': '-> ../../../../opt/inside',
  });
  const recogniser = recogniserOver(root);
  assert.equal(recogniser.recognise(exec(NODE, ['node', '/usr/bin/gemini']))?.version, '0.61.0');
  assert.equal(recogniser.recognise(exec(NODE, ['node', '/up/bin/gemini']))?.version, '0.61.0');
  assert.equal(createProcessFiles(root).realPath('/loop/a'), undefined);
});

test('a FIFO, a folder and a huge file in the place of package.json hold nothing up and say nothing', (t) => {
  const root = plant(t, { '/a/x.js': '', '/b/x.js': '', '/b/package.json/': '', '/c/x.js': '' });
  execFileSync('mkfifo', [join(root, '/a/package.json')]);
  execFileSync('truncate', ['-s', '2M', join(root, '/c/package.json')]);
  const recogniser = recogniserOver(root);
  for (const folder of ['a', 'b', 'c'])
    assert.equal(recogniser.recognise(exec(NODE, ['node', `/${folder}/x.js`])), undefined);
});

test('package.json that is no JSON, or names nothing, leaves the package above in charge', (t) => {
  const root = plant(t, {
    '/p/package.json': '{"name":"@openai/codex","version":"1.2.3","bin":"dist/x.js"}',
    '/p/dist/x.js': '',
    '/p/dist/package.json': '{"type":"module"}',
    '/q/package.json': 'not json',
    '/q/codex': '',
  });
  assert.equal(recogniserOver(root).recognise(exec(NODE, ['node', '/p/dist/x.js']))?.version, '1.2.3');
  assert.notEqual(recogniserOver(root).recognise(exec(NODE, ['node', '/q/codex']))?.verdict, 'agent');
});

test('a sandbox that moved the root aside does not hide the agent', (t) => {
  const path = `/newroot${HOME}/.local/share/claude/versions/2.1.0`;
  const recognition = recogniserOver(plant(t, { [path]: '' })).recognise(exec(path, ['claude']));
  assert.equal(recognition?.agent, 'claude-code');
  assert.equal(recognition?.version, '2.1.0');
});

test('no value of the environment leaves it that the catalogue does not list', (t) => {
  const secret = 'sk-very-secret-value';
  const root = plant(t, { [`${HOME}/.local/bin/codex`]: '', [`${HOME}/.codex/`]: '' });
  const environment = `OPENAI_API_KEY=${secret}\0CODEX_SANDBOX=${secret}\0CODEX_THREAD_ID=${secret} x\0CLAUDECODE=${secret}\0`;
  const recogniser = recogniserOver(root, environment);
  const recognition = recogniser.recognise(exec(`${HOME}/.local/bin/codex`, ['codex']));
  assert.equal(recognition?.verdict, 'agent');
  assert.ok(
    recognition?.evidence.some(({ kind, basis }) => kind === 'environment' && basis === 'self_reported'),
  );
  assert.ok(!JSON.stringify([recognition, recogniser.marksOf(1)]).includes(secret));
});

test('marks name the agent a process acts for, in the order of precedence, with the ids that may be read', (t) => {
  const recogniser = recogniserOver(plant(t, {}), 'CLAUDECODE=1\0AGENT=amp\0AMP_CURRENT_THREAD_ID=T-42\0');
  assert.deepEqual(recogniser.marksOf(1), [
    {
      agent: 'amp',
      shown: 'AGENT=amp AMP_CURRENT_THREAD_ID',
      identifiers: { AMP_CURRENT_THREAD_ID: 'T-42' },
    },
    { agent: 'claude-code', shown: 'CLAUDECODE=1', identifiers: {} },
  ]);
});

test('unsafe switches are told as given, joined or apart, and not when they only stand in the prompt', (t) => {
  const root = plant(t, npmPackage('/usr/local', '@openai/codex', '1.0.0', { codex: 'bin/codex.js' }));
  const switches = (...args: string[]) =>
    recogniserOver(root).recognise(exec(NODE, ['node', '/usr/local/bin/codex', ...args]))?.unsafeSwitches;
  assert.deepEqual(switches('exec', '--sandbox', 'danger-full-access', 'hi'), [
    '--sandbox danger-full-access',
  ]);
  assert.deepEqual(switches('--sandbox=danger-full-access'), ['--sandbox danger-full-access']);
  assert.deepEqual(switches('--sandbox', 'read-only'), []);
  assert.deepEqual(switches('--yolo'), ['--yolo']);
  assert.deepEqual(switches('--yolo=false'), []);
  assert.deepEqual(switches('exec', '--', '--yolo'), []);
  assert.deepEqual(switches('exec', 'what does --yolo do?'), []);
});

test('an unsafe environment is told, with its listed value', (t) => {
  const root = plant(
    t,
    npmPackage('/usr/local', '@google/gemini-cli', '1.0.0', { gemini: 'bundle/gemini.js' }),
  );
  const recogniser = recogniserOver(root, 'GEMINI_API_KEY=secret\0GEMINI_SANDBOX=false\0');
  const recognition = recogniser.recognise(exec(NODE, ['node', '/usr/local/bin/gemini']));
  assert.deepEqual(recognition?.unsafeSwitches, ['GEMINI_SANDBOX=false']);
});

test('unsafe settings in the home are told, by file, key and value; a broken settings file sets nothing', (t) => {
  const path = `${HOME}/.local/share/claude/versions/2.1.0`;
  const switches = (settings: string) =>
    recogniserOver(plant(t, { [path]: '', [`${HOME}/.claude/settings.json`]: settings })).recognise(
      exec(path, ['claude']),
    )?.unsafeSwitches;
  assert.deepEqual(switches('{"permissions":{"defaultMode":"bypassPermissions"}}'), [
    '~/.claude/settings.json: permissions.defaultMode=bypassPermissions',
  ]);
  assert.deepEqual(switches('{"permissions":{"defaultMode":"plan"}}'), []);
  assert.deepEqual(switches('{"permissions":5}'), []);
  assert.deepEqual(switches('{'), []);
});

test('a candidate that talks to a host of its agent alone becomes the agent; by another model host it does not', (t) => {
  const path = `${HOME}/.local/bin/droid`;
  const recogniser = recogniserOver(plant(t, { [path]: '' }));
  const start = exec(path, ['droid']);
  const candidate = recogniser.recognise(start);
  assert.equal(candidate?.verdict, 'candidate');
  const after = (host: string) => recogniser.reconsider(start, candidate, { kind: 'contacted', host });
  assert.equal(after('app.factory.ai')?.verdict, 'agent');
  assert.equal(after('api.openai.com')?.verdict, 'candidate');
});

test('a program that only a name and a usual place speak for is the agent once the state folder lies in the home', (t) => {
  const path = `${HOME}/.local/bin/droid`;
  const verdictWith = (tree: Tree) =>
    recogniserOver(plant(t, { [path]: '', ...tree })).recognise(exec(path, ['droid']))?.verdict;
  assert.equal(verdictWith({}), 'candidate');
  assert.equal(verdictWith({ [`${HOME}/.factory/`]: '' }), 'agent');
});

test('an unlisted program that talks to a model host is a candidate of low confidence, a network tool or a browser of less', (t) => {
  const recogniser = recogniserOver(plant(t, {}));
  const contacted = { kind: 'contacted', host: 'api.openai.com' } as const;
  const python = exec('/usr/bin/python3.11', ['python3', 'agent.py']);
  const found = recogniser.reconsider(python, recogniser.recognise(python), contacted);
  assert.ok(found);
  assert.equal(found.agent, 'unlisted-agent');
  assert.equal(found?.verdict, 'candidate');
  assert.equal(found?.band, 'low');
  for (const tool of ['/usr/bin/curl', '/usr/bin/wget', '/usr/lib/firefox/firefox', '/usr/bin/bash'])
    assert.ok((recogniser.reconsider(exec(tool, [tool]), undefined, contacted)?.score ?? 1) < 0.1, tool);
  assert.equal(found.root, '/srv/agent.py');
  const asked = recogniser.reconsider(python, undefined, { kind: 'asked_for', host: 'api.openai.com' });
  assert.ok(asked && asked.score < found.score);
  const both = recogniser.reconsider(python, asked, contacted);
  assert.ok(both && both.score > found.score);
  assert.equal(both.verdict, 'candidate');
  assert.equal(recogniser.reconsider(python, both, contacted), undefined);
  const elsewhere = { kind: 'contacted', host: 'example.org' } as const;
  assert.equal(recogniser.reconsider(python, undefined, elsewhere), undefined);
});

test('bytes, lengths and shapes that no program would use are no agent and no error', (t) => {
  const recogniser = recogniserOver(plant(t, {}));
  const odd = [
    '',
    '/',
    '//',
    'relative',
    `/${'x'.repeat(5_000)}`,
    '/\udcff/\0/codex',
    '/a/../../..',
    '/@openai',
  ];
  for (const path of odd)
    for (const args of [[], [''], [path], ['node', path], Array(3_000).fill('--yolo')])
      for (const executable of [path, NODE, '/usr/bin/python3'])
        assert.notEqual(recogniser.recognise(exec(executable, args, { calledPath: path }))?.verdict, 'agent');
});
