/** The scripted model, asked by hand and by the agent it was made for. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { atEnd } from '../at-end.ts';
import { codexCommand, configureCodex, installedCodex } from './codex.ts';
import { type Model, startModel } from './model.ts';

async function modelFor(t: TestContext, commands: readonly string[]): Promise<Model> {
  const model = await startModel({ commands, closing: 'That was all.' });
  atEnd(t, () => model.stop());
  return model;
}

async function ask(model: Model, input: readonly object[]): Promise<string> {
  const answer = await fetch(`${model.baseUrl}/responses`, {
    method: 'POST',
    body: JSON.stringify({ input }),
  });
  assert.equal(answer.headers.get('content-type'), 'text/event-stream');
  return answer.text();
}

const OUTPUT = { type: 'function_call_output', call_id: 'call_0', output: 'x' };

test('the step follows from the conversation: the same question asked twice gets the same command', async (t) => {
  const model = await modelFor(t, ['echo one', 'echo two']);
  const question = [{ type: 'message', role: 'user', content: 'go' }];
  assert.match(await ask(model, question), /echo one/);
  assert.match(await ask(model, question), /echo one/);
  assert.match(await ask(model, [...question, OUTPUT]), /echo two/);
  assert.match(await ask(model, [...question, OUTPUT, OUTPUT]), /That was all\./);
});

test('every answer ends with response.completed, or an agent would ask again', async (t) => {
  const model = await modelFor(t, ['echo one']);
  for (const input of [[], [OUTPUT]]) {
    const names = [...(await ask(model, input)).matchAll(/^event: (.*)$/gm)].map((match) => match[1]);
    assert.deepEqual(names, ['response.created', 'response.output_item.done', 'response.completed']);
  }
});

test('a question in a way of talking it does not know is answered with 404 and its path', async (t) => {
  const model = await modelFor(t, []);
  const answer = await fetch(`${model.baseUrl}/models`);
  assert.equal(answer.status, 404);
  assert.match(await answer.text(), /GET \/v1\/models/);
});

const codex = installedCodex();

test('a real Codex runs the commands of the script, in order, in its folder, and ends with 0', {
  skip: codex ? false : 'Codex is not installed: make agents',
}, async (t) => {
  assert.ok(codex);
  const folder = mkdtempSync(join(tmpdir(), 'spoor-agents-'));
  atEnd(t, () => rmSync(folder, { recursive: true }));
  const project = join(folder, 'project');
  mkdirSync(project);
  const model = await modelFor(t, ['echo one > made', 'echo two >> made; pwd >> made', 'env > environment']);
  const environment = { PATH: process.env.PATH, HOME: folder, CODEX_HOME: configureCodex(folder, model) };
  const [program = '', ...args] = codexCommand(codex.program, 'Do what the model says.');
  const run = promisify(execFile)(program, args, { cwd: project, env: environment });
  run.child.stdin?.end();
  const { stdout } = await run;

  assert.match(stdout, /That was all\./);
  assert.equal(readFileSync(join(project, 'made'), 'utf8'), `one\ntwo\n${project}\n`);
  // What later joins the agent's own account to its processes.
  assert.match(readFileSync(join(project, 'environment'), 'utf8'), /^CODEX_TOOL_CALL_ID=call_2$/m);
  assert.equal(model.turns.length, 4);
});
