/** For tests: the `spoor rules` commands as another program runs them, and rules and events to ask them with. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { emptyFolder } from '../../../test/at-end.ts';

export const LOGIN = `title: Failed login
id: login-1
name: failed_login
logsource: { product: linux }
detection: { s: { EventID: 4625 }, condition: s }
level: low
`;
export const MANY = `title: Many failed logins
name: many
correlation:
    type: event_count
    rules: [failed_login]
    group-by: [User]
    timespan: 10m
    condition: { gte: 3 }
level: high
`;

export const MAIN = join(import.meta.dirname, '..', 'main.js');

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export function rules(folder: string, ...args: string[]): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, 'rules', ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { code: status, out: stdout, err: stderr };
}

export function folderWith(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = emptyFolder(t);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

export function lines(...events: unknown[]): string {
  return `${events.map((event) => JSON.stringify(event)).join('\n')}\n`;
}
