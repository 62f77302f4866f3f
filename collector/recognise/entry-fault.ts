/** What a catalogue entry may not say although its form is right: above all, what would match everything. */

import { posix } from 'node:path';
import type { YamlFile, YamlPath } from './checked-yaml.ts';
import { compileGlob, globFault } from './glob.ts';
import { INTERPRETERS, SHELLS } from './interpreter.ts';
import type { WrittenAgent, WrittenCatalogue } from './written-agent.ts';

/** Programs that start others or are started by everybody: as an agent's name they would make everything an agent. */
const EVERYBODYS_COMMANDS = new Set([
  ...INTERPRETERS.keys(),
  ...SHELLS,
  ...(
    'cat chromium cmake code cron curl docker electron env firefox gcc git go init java login ls make npm npx ' +
    'perl pip pipx podman ruby runc screen ssh sshd su sudo systemd timeout tmux uv uvx vi vim wget xargs'
  ).split(' '),
]);

/** Variables that every process has. */
const EVERYBODYS_VARIABLES = new Set(
  (
    'COLORTERM DISPLAY EDITOR HOME HOSTNAME LANG LOGNAME MAIL NODE_OPTIONS PAGER PATH PWD SHELL SHLVL TERM ' +
    'TERM_PROGRAM TMPDIR TZ USER VISUAL XDG_RUNTIME_DIR _'
  ).split(' '),
);

const MATCHES_EVERYTHING = 'would match everything';

/** @returns one message a fault, with file, line, column, value and mend */
export function entryFaults(file: YamlFile, written: WrittenCatalogue): string[] {
  const problems: string[] = [];
  for (const [id, agent] of Object.entries(written.agents ?? {})) {
    for (const [path, fault] of agentFaults(agent)) {
      const place: YamlPath = ['agents', id, ...path];
      problems.push(file.problemAt(place, 'value', `agents.${id}.${path[0]}: ${fault}`));
    }
  }
  for (const key of ['model_hosts', 'drop_hosts'] as const)
    for (const [index, host] of (written[key] ?? []).entries()) {
      const fault = hostFault(host);
      if (fault) problems.push(file.problemAt([key, index], 'value', `${key}: ${fault}`));
    }
  return problems;
}

function* agentFaults(agent: WrittenAgent): Generator<[YamlPath, string]> {
  for (const key of ['commands', 'weak_commands'] as const)
    for (const [index, command] of (agent[key] ?? []).entries())
      if (EVERYBODYS_COMMANDS.has(command))
        yield [
          [key, index],
          `"${command}" ${MATCHES_EVERYTHING}; name the agent's own script or package instead`,
        ];
  for (const key of ['paths', 'weak_paths', 'app_paths'] as const)
    for (const [index, glob] of (agent[key] ?? []).entries()) {
      const fault = key === 'app_paths' ? globFault(glob) : (globFault(glob) ?? programFault(glob));
      if (fault) yield [[key, index], `"${glob}" ${fault}`];
    }
  for (const [index, name] of (agent.packages ?? []).entries())
    if (!/:@?[a-z0-9][^*]{2,}/i.test(name) && !/:[a-z0-9]{2,}$/i.test(name))
      yield [['packages', index], `"${name}" ${MATCHES_EVERYTHING}; write the package's whole name`];
  for (const key of ['arguments', 'modules'] as const)
    for (const [index, word] of (agent[key] ?? []).entries())
      if (word.replaceAll('*', '').replace(/^-+/, '').length < 3)
        yield [
          [key, index],
          `"${word}" ${MATCHES_EVERYTHING}; write at least three letters of the agent's own`,
        ];
  for (const [index, mark] of (agent.environment ?? []).entries()) {
    const names = Object.keys(mark).filter((name) => name !== 'terminal');
    const telling = names.filter((name) => !(EVERYBODYS_VARIABLES.has(name) && mark[name] === 'present'));
    if (telling.length === 0)
      yield [
        ['environment', index],
        `${names.join(', ')} ${MATCHES_EVERYTHING}; name a variable that only this agent sets`,
      ];
  }
  for (const [index, folder] of (agent.folders ?? []).entries()) {
    if (/^(~|\/|~\/|\/(home|root|usr|etc|opt|tmp|var))\/?$/.test(folder) || folder.includes('*'))
      yield [
        ['folders', index],
        `"${folder}" ${MATCHES_EVERYTHING}; name one folder of this agent, without "*"`,
      ];
  }
  for (const [index, host] of (agent.hosts ?? []).entries()) {
    const fault = hostFault(host);
    if (fault) yield [['hosts', index], fault];
  }
}

/** A whole path of an interpreter or shell stands for all that it may run. */
function programFault(glob: string): string | undefined {
  const key = compileGlob(glob).key;
  return key !== undefined && key === posix.basename(glob) && EVERYBODYS_COMMANDS.has(key)
    ? `${MATCHES_EVERYTHING} that ${key} runs; name the agent's own script or package instead`
    : undefined;
}

/** A host pattern needs a registered name: two labels, of which at most the first parts are wild. */
function hostFault(host: string): string | undefined {
  const labels = host.split('.');
  const fixed = labels.slice(-2);
  return labels.length < 2 || fixed.some((label) => label.includes('*') || label === '')
    ? `"${host}" ${MATCHES_EVERYTHING}; write at least a registered name, such as *.acme.example`
    : undefined;
}
