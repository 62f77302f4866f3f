import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { BadInput } from './bad-input.ts';
import { ownCatalogue } from './catalogue-file.ts';
import { joinCatalogue } from './overlay.ts';
import { plant } from './planted.ts';
import { createProcessFiles } from './process-files.ts';
import { createRecogniser } from './recognise.ts';
import { readWritten } from './written-catalogue.ts';

const catalogue = ownCatalogue();

/** Words that mean something to the recogniser, mixed with words that mean nothing. */
const word = fc.oneof(
  fc.constantFrom(
    ...catalogue.agents.flatMap(({ commands, weakCommands, modules, verbs, unsafeArguments }) => [
      ...commands,
      ...weakCommands,
      ...modules,
      ...verbs,
      ...unsafeArguments.flatMap((written) => written.split(' ')),
    ]),
    ...[
      'node',
      'python3',
      'bun',
      'deno',
      '-m',
      '-e',
      '--',
      '-',
      '-r',
      'run',
      '@openai',
      'node_modules',
      '.local',
      'bin',
    ],
  ),
  fc.string({ maxLength: 12 }),
);
const path = fc.array(word, { minLength: 1, maxLength: 6 }).map((parts) => `/${parts.join('/')}`);

test('names, arguments and environment alone make no agent, whatever they are, on a machine that has no agent', (t) => {
  const root = plant(t, {});
  const environment = Buffer.from(
    catalogue.agents
      .flatMap((agent) => agent.environment.flatMap((mark) => [...mark.variables]))
      .map(
        ([name, values]) =>
          `${name}=${values[0] === 'present' || values[0] === 'identifier' ? 'x' : values[0]}\0`,
      )
      .join(''),
  );
  const files = { ...createProcessFiles(root), environment: () => environment };
  const recogniser = createRecogniser({ catalogue, files: () => files });
  const property = fc.property(word, path, fc.array(word, { maxLength: 8 }), (name, called, args) => {
    // Folders in which anybody may put anything; paths that only one agent has are strong on purpose.
    const executable = `/srv/bin/${name.replaceAll('/', '')}`;
    const recognition = recogniser.recognise({
      pid: 1,
      executable,
      calledPath: called,
      args: [called, ...args.filter((arg) => !arg.startsWith('/'))],
      workingDirectory: '/srv',
      home: '/home/dev',
    });
    assert.notEqual(recognition?.verdict, 'agent', JSON.stringify(recognition));
  });
  fc.assert(property, { numRuns: 3_000 });
});

test('whatever is in an endpoint’s file, it is taken, or every mistake is told with file, line and column', () => {
  const good = readFileSync(new URL('../../../schemas/agents.yml', import.meta.url), 'utf8').slice(0, 6_000);
  const spoilt = fc
    .tuple(
      fc.nat(good.length),
      fc.nat(40),
      fc.oneof(
        fc.string({ maxLength: 20 }),
        fc.constantFrom('\t', '&a ', '*a', '[', '{', ': ', '\n- ', '\0', '!!js/x ', '<<: '),
      ),
    )
    .map(([at, length, put]) => good.slice(0, at) + put + good.slice(at + length));
  const own = readWritten('agents.yml', 'agents: {}').written;
  const property = fc.property(spoilt, (text) => {
    try {
      joinCatalogue(own, readWritten('site.yml', text));
    } catch (error) {
      assert.ok(error instanceof BadInput, String(error));
      for (const problem of error.problems) assert.match(problem, /^site\.yml:\d+:\d+: ./);
    }
  });
  fc.assert(property, { numRuns: 200 });
});
