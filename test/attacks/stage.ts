/** Where attacks run: a scratch home with planted secrets, stand-ins, a web server on loopback, and two outsiders. */

import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { STAND_INS } from './attacks.ts';

export interface Stage {
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  close(): Promise<void>;
}

const PLANTED: Readonly<Record<string, string>> = {
  '.aws/credentials': '[default]\naws_secret_access_key = planted\n',
  '.ssh/id_ed25519': '-----BEGIN OPENSSH PRIVATE KEY-----\nplanted\n-----END OPENSSH PRIVATE KEY-----\n',
  '.netrc': 'machine nowhere login planted password planted\n',
  '.claude/.credentials.json': '{"planted":true}\n',
  '.config/app/settings': 'planted\n',
  '.bashrc': '',
};

export async function setStage(): Promise<Stage> {
  const root = mkdtempSync(join(tmpdir(), 'detect-attack-'));
  const home = join(root, 'home');
  const folder = join(root, 'work');
  const bin = join(root, 'bin');
  for (const path of [home, folder, bin]) mkdirSync(path);
  chmodSync(root, 0o755);
  for (const [name, text] of Object.entries(PLANTED)) {
    mkdirSync(dirname(join(home, name)), { recursive: true });
    writeFileSync(join(home, name), text);
  }
  for (const name of STAND_INS) {
    copyFileSync('/bin/true', join(bin, name));
    chmodSync(join(bin, name), 0o755);
  }
  const server = await webServer();
  const { port } = server.address() as AddressInfo;
  const outsiders = [outsider(), outsider()];
  return {
    folder,
    environment: {
      ...process.env,
      HOME: home,
      PATH: `${bin}:${process.env.PATH}`,
      PORT: String(port),
      OUTSIDE: String(outsiders[0]?.pid),
      VICTIM: String(outsiders[1]?.pid),
      npm_config_cache: join(root, 'npm'),
      npm_config_update_notifier: 'false',
    },
    async close() {
      for (const process of outsiders) process.kill('SIGKILL');
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** A process that belongs to no session. */
function outsider(): ChildProcess {
  return spawn('sleep', ['60'], { stdio: 'ignore' });
}

function webServer(): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.end(request.url === '/tool' ? readFileSync('/bin/true') : 'true\n'));
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}
