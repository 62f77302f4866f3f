import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BadInput } from './bad-input.ts';
import { loadCatalogue, ownCatalogue } from './catalogue-file.ts';
import { joinCatalogue } from './overlay.ts';
import { plant } from './planted.ts';
import { readWritten } from './written-catalogue.ts';

const OWN = readWritten(
  'agents.yml',
  readFileSync(new URL('../../../schemas/agents.yml', import.meta.url), 'utf8'),
);

/** The catalogue with an overlay of the endpoint over it. */
function over(text: string) {
  return joinCatalogue(OWN.written, readWritten('site.yml', text));
}

function problemsOf(text: string): readonly string[] {
  try {
    over(text);
  } catch (error) {
    assert.ok(error instanceof BadInput, String(error));
    return error.problems;
  }
  return [];
}

const REFUSED: readonly [title: string, text: string, message: string][] = [
  [
    'an unknown key, with the likely one',
    'agents:\n  acme:\n    name: Acme\n    comands: [acme-helper]\n',
    'site.yml:4:5: agents.acme: unknown key "comands"; did you mean "commands"?',
  ],
  ['an unknown top key', 'agent:\n  x: 1\n', 'site.yml:1:1: unknown key "agent"; did you mean "agents"?'],
  [
    'an unknown kind',
    'agents:\n  acme: { name: Acme, kind: deamon, commands: [acme] }\n',
    'site.yml:2:29: agents.acme.kind: "deamon" is not known; did you mean "daemon"?',
  ],
  [
    'a word where a list belongs',
    'agents:\n  acme:\n    name: Acme\n    commands: acme\n',
    'site.yml:4:15: agents.acme.commands: "acme" is not a list; write a list such as [one, two]',
  ],
  [
    'an id with capitals',
    'agents:\n  Acme: { name: Acme, commands: [acme] }\n',
    'site.yml:2:3: agents: "Acme" cannot be a name here; an id is lower-case letters, digits and "-", such as acme-helper',
  ],
  [
    'a package without its ecosystem',
    'agents:\n  acme: { name: Acme, packages: ["@acme/helper"] }\n',
    'site.yml:2:34: agents.acme.packages.0: "@acme/helper" has the wrong form; write ecosystem:name, such as npm:@acme/helper or pypi:acme-helper',
  ],
  [
    'a glob that would match everything',
    'agents:\n  acme:\n    name: Acme\n    paths: ["**/*"]\n',
    'site.yml:4:13: agents.acme.paths: "**/*" would match everything; name a folder or file that only this agent has',
  ],
  [
    'a glob of folders that every machine has',
    'agents:\n  acme: { name: Acme, paths: ["/usr/local/bin/*"] }\n',
    'site.yml:2:31: agents.acme.paths: "/usr/local/bin/*" would match everything; name a folder or file that only this agent has',
  ],
  [
    'the path of an interpreter',
    'agents:\n  acme: { name: Acme, paths: ["/usr/bin/python3"] }\n',
    'site.yml:2:31: agents.acme.paths: "/usr/bin/python3" would match everything that python3 runs; name the agent\'s own script or package instead',
  ],
  [
    'a shell as the name of an agent',
    'agents:\n  acme: { name: Acme, commands: [bash] }\n',
    'site.yml:2:34: agents.acme.commands: "bash" would match everything; name the agent\'s own script or package instead',
  ],
  [
    'a variable that every process has',
    'agents:\n  acme: { name: Acme, environment: [{ PATH: present }] }\n',
    'site.yml:2:37: agents.acme.environment: PATH would match everything; name a variable that only this agent sets',
  ],
  [
    'a package glob without a name',
    'agents:\n  acme: { name: Acme, packages: ["npm:**"] }\n',
    'site.yml:2:34: agents.acme.packages: "npm:**" would match everything; write the package\'s whole name',
  ],
  [
    'a host glob over a whole top-level domain',
    'agents:\n  acme: { name: Acme, commands: [acme], hosts: ["*.com"] }\n',
    'site.yml:2:49: agents.acme.hosts: "*.com" would match everything; write at least a registered name, such as *.acme.example',
  ],
  [
    'the home itself as a state folder',
    'agents:\n  acme: { name: Acme, commands: [acme], folders: ["~/"] }\n',
    'site.yml:2:51: agents.acme.folders: "~/" would match everything; name one folder of this agent, without "*"',
  ],
  [
    'a new agent without a name',
    'agents:\n  codexx: { commands: [codexx] }\n',
    'site.yml:2:3: agents.codexx: has no name; add "name: ...", or did you mean the known agent "codex"?',
  ],
  [
    'a new agent that nothing could recognise',
    'agents:\n  acme: { name: Acme, hosts: [api.acme.example] }\n',
    'site.yml:2:3: agents.acme: has nothing to be recognised by; add commands, paths, packages, modules or environment',
  ],
  [
    'switching off what is not there',
    'agents:\n  gose: { enabled: false }\n',
    'site.yml:2:3: agents.gose: cannot be switched off, for no agent has this id; did you mean "goose"?',
  ],
  [
    'taking away what is not there',
    'agents:\n  goose:\n    without: { weak_commands: [gosse] }\n',
    'site.yml:3:32: without.weak_commands: "gosse" is not there to take away; did you mean "goose"?',
  ],
  [
    'a port out of range',
    'agents:\n  acme: { name: A, commands: [acme], ports: [70000] }\n',
    'site.yml:2:46: agents.acme.ports.0: 70000 must be <= 65535',
  ],
];

for (const [title, text, message] of REFUSED)
  test(`refused in one line with place, value and mend: ${title}`, () =>
    assert.deepEqual(problemsOf(text), [message]));

test('a file with three mistakes names all three', () => {
  const problems = problemsOf('agents:\n  acme:\n    nam: Acme\n    commands: acme\n    kind: robot\n');
  assert.equal(problems.length, 3, problems.join('\n'));
  assert.match(problems.join('\n'), /site\.yml:3:5[\s\S]*site\.yml:4:15[\s\S]*site\.yml:5:11/);
});

test('text that is no YAML, a key that stands twice and a bomb of aliases are refused with their place', () => {
  assert.match(problemsOf('agents: [unclosed\n')[0] ?? '', /^site\.yml:2:1: /);
  assert.match(problemsOf('agents: {}\nagents: {}\n')[0] ?? '', /^site\.yml:2:1: Map keys must be unique/);
  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x]',
    ...'bcdefghij'.split('').map((letter, index) => {
      const before = 'abcdefghij'[index];
      return `${letter}: &${letter} [${Array(9).fill(`*${before}`).join(',')}]`;
    }),
  ].join('\n');
  assert.match(problemsOf(bomb)[0] ?? '', /^site\.yml:1:1: Excessive alias count/);
  const ring = /^site\.yml:1:1: An alias stands within the value that it names; write the values out$/;
  assert.match(problemsOf('agents: &a [*a]\n')[0] ?? '', ring);
  assert.match(problemsOf('agents:\n  acme: &a { name: Acme, paths: [{ again: *a }] }\n')[0] ?? '', ring);
});

test('an overlay that is missing is named with the cause', async () => {
  const message = '/nowhere/site.yml: cannot be read (ENOENT); check the path and its mode';
  await assert.rejects(loadCatalogue('/nowhere/site.yml'), { message });
});

test('the catalogue that was built is the one that was written', () => {
  assert.deepEqual(ownCatalogue().agents, joinCatalogue(OWN.written).agents);
});

test('lists of an overlay grow, words replace, `without` takes away', () => {
  const goose = over(`
agents:
  goose:
    name: Goose by Block
    paths: ['/opt/block-goose/goose']
    without: { verbs: [run] }
`).agent('goose');
  assert.equal(goose?.name, 'Goose by Block');
  assert.deepEqual(goose?.paths, ['/opt/block-goose/goose']);
  assert.deepEqual(goose?.weakCommands, ['goose']);
  assert.ok(goose?.verbs.includes('session') && !goose.verbs.includes('run'));
});

test('an agent that is switched off is in no answer of the catalogue', () => {
  const catalogue = over('agents:\n  amp: { enabled: false }\n');
  assert.equal(catalogue.agent('amp'), undefined);
  assert.deepEqual(catalogue.credentialOwners('/home/dev/.local/share/amp/secrets.json'), []);
});

test('agents of the overlay stand before those of the catalogue', () => {
  assert.equal(over('agents:\n  acme: { name: Acme, commands: [acme] }\n').agents[0]?.id, 'acme');
});

test('an overlay is read from its file', async (t) => {
  const root = plant(t, {});
  const path = join(root, 'site.yml');
  writeFileSync(path, 'agents:\n  acme: { name: Acme, commands: [acme] }\n');
  assert.equal((await loadCatalogue(path)).agent('acme')?.name, 'Acme');
});

test('the catalogue answers what rules ask: credentials, hosts, switches', () => {
  const catalogue = ownCatalogue();
  assert.deepEqual(catalogue.credentialOwners('/home/dev/.codex/auth.json'), ['codex']);
  assert.ok(catalogue.developerCredentials.matches('/root/.ssh/id_ed25519'));
  assert.ok(!catalogue.developerCredentials.matches('/root/.ssh/id_ed25519.pub'));
  assert.ok(catalogue.developerCredentials.matches('/srv/app/.env.production'));
  assert.ok(!catalogue.developerCredentials.matches('/srv/app/.env.example'));
  assert.ok(catalogue.guardFiles.matches('/home/dev/p/.git/hooks/pre-commit'));
  assert.ok(!catalogue.guardFiles.matches('/home/dev/p/.git/hooks/pre-commit.sample'));
  assert.ok(catalogue.isModelHost('API.OpenAI.com.'));
  assert.ok(catalogue.isModelHost('bedrock-runtime.eu-central-1.amazonaws.com'));
  assert.ok(!catalogue.isModelHost('api.openai.com.evil.example'));
  assert.deepEqual(catalogue.agentsOfHost('ampcode.com'), ['amp']);
  assert.ok(catalogue.isDropHost('transfer.sh'));
  const codex = catalogue.unsafeSwitches().find(({ agent }) => agent === 'codex');
  assert.ok(codex?.arguments.includes('--sandbox danger-full-access'));
});
