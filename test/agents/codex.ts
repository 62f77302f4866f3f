/** OpenAI's Codex CLI, pinned by package-lock.json beside this file: where it is, and how it is told of our model. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CHECKOUT } from '../checkout.ts';
import type { Model } from './model.ts';
import type { RealAgent } from './others.ts';

const PACKAGE = join(CHECKOUT, 'test/agents/node_modules/@openai/codex');

export interface Codex {
  readonly version: string;
  /** The program npm links: a Node script that starts the static binary. */
  readonly program: string;
}

/** Undefined when `make agents` has not installed it, or could not. */
export function installedCodex(): Codex | undefined {
  const program = join(CHECKOUT, 'test/agents/node_modules/.bin/codex');
  if (!existsSync(program)) return undefined;
  const { version } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as { version: string };
  return { version, program };
}

/**
 * Writes HOME/.codex/config.toml. By itself Codex looks for updates and plugins on hosts outside and reports usage
 * figures; each is switched off, so that a run reaches nothing but loopback and waits for no name server.
 * @returns the folder that CODEX_HOME must name
 */
export function configureCodex(home: string, model: Model): string {
  const codexHome = join(home, '.codex');
  mkdirSync(codexHome, { recursive: true });
  writeFileSync(
    join(codexHome, 'config.toml'),
    `model = "scripted"
model_provider = "scripted"
check_for_update_on_startup = false

[analytics]
enabled = false

[otel]
metrics_exporter = "none"

[features]
plugins = false

[model_providers.scripted]
name = "scripted model on loopback"
base_url = "${model.baseUrl}"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
`,
  );
  return codexHome;
}

/** The command line of one task without a person at the terminal, and without Codex's own sandbox. */
export function codexCommand(program: string, task: string): string[] {
  return [program, 'exec', '--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox', task];
}

/** The program itself, which needs no Node; Codex' own installer puts this one into a folder of its version. */
export const nativeCodex = [PACKAGE, dirname(PACKAGE)]
  .flatMap((folder) => [
    join(folder, 'node_modules/@openai/codex-linux-x64'),
    join(folder, 'codex-linux-x64'),
  ])
  .map((folder) => join(folder, 'vendor/x86_64-unknown-linux-musl/bin/codex'))
  .find((path) => existsSync(path));

const installed = installedCodex();
export const codex: RealAgent | undefined = installed && {
  name: 'codex',
  version: installed.version,
  task: (home, model, words) => ({
    command: codexCommand(installed.program, words),
    env: { HOME: home, CODEX_HOME: configureCodex(home, model) },
  }),
};
