/** An ordinary day raises nothing above low: a real coding agent and a shell build, test and commit. */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SEVERITY } from '../../collector/event.ts';
import { codexCommand, configureCodex, installedCodex } from '../agents/codex.ts';
import { startModel } from '../agents/model.ts';
import { atEnd, emptyFolder } from '../at-end.ts';
import { eventsIn, NEEDS_ROOT, type PrintedEvent, spoor } from '../spoor.ts';
import { AGENT_DAY, SHELL_DAY } from './benign.ts';

const codex = installedCodex();

test("a day of Codex's builds, tests and commits raises no finding above low", {
  skip: NEEDS_ROOT || (codex ? false : 'Codex is not installed here; make agents installs it'),
}, async (t) => {
  if (!codex) return;
  const state = emptyFolder(t);
  const home = emptyFolder(t);
  const project = join(home, 'project');
  mkdirSync(project);
  const model = await startModel({ commands: AGENT_DAY, closing: 'Done.' });
  atEnd(t, () => model.stop());
  await spoor(['run', '--state', state, '--', 'git', 'init', '-q', project]);
  const ran = await spoor(
    ['run', '--state', state, '--', ...codexCommand(codex.program, 'Work on the project.')],
    {
      cwd: project,
      env: { HOME: home, CODEX_HOME: configureCodex(home, model) },
    },
  );
  assert.equal(ran.code, 0, ran.stderr);
  assert.ok(model.turns.length > AGENT_DAY.length, 'the agent did not go through the whole day');
  const events = eventsIn(state);
  tell(t, 'Codex', events);
  assert.deepEqual(alarming(events), []);
});

test("a day of a developer's shell raises no finding above low", { skip: NEEDS_ROOT }, async (t) => {
  const state = emptyFolder(t);
  const home = emptyFolder(t);
  const script = join(home, 'day.sh');
  writeFileSync(script, SHELL_DAY);
  const ran = await spoor(['run', '--state', state, '--', 'bash', script], {
    cwd: home,
    env: { HOME: home, npm_config_cache: join(home, '.npm-cache'), npm_config_update_notifier: 'false' },
  });
  assert.equal(ran.code, 0, ran.stderr);
  const events = eventsIn(state);
  tell(t, 'shell', events);
  assert.deepEqual(alarming(events), []);
});

function alarming(events: readonly PrintedEvent[]): string[] {
  return events
    .filter(({ event_name, severity }) => event_name === 'finding' && severity > SEVERITY.low)
    .map(({ attributes }) => {
      const command = attributes['process.command_args'];
      const what = Array.isArray(command) ? command.join(' ') : attributes['file.path'];
      return `${attributes['security_rule.name']}: ${what} (${attributes['process.executable.path']})`;
    });
}

/** What the day held, for docs/detections-tested.md. */
function tell(t: { diagnostic(text: string): void }, who: string, events: readonly PrintedEvent[]): void {
  const findings = events.filter(({ event_name }) => event_name === 'finding');
  const execs = events.filter(({ event_name }) => event_name === 'process.exec').length;
  t.diagnostic(`${who}: ${events.length} events, ${execs} programs, ${findings.length} findings`);
  for (const { attributes } of findings)
    t.diagnostic(`${attributes['spoor.finding.level']}: ${attributes['security_rule.name']}`);
}
