import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Notable, notableUse } from './notable.ts';

const FOLDER = '/home/alice/project';

function why(access: 'read' | 'write', path: string): Notable | undefined {
  return notableUse({ path, access, workingDirectory: FOLDER });
}

test('files that hold secrets are credentials, wherever they lie', () => {
  for (const path of [
    '/home/alice/.aws/credentials',
    '/home/alice/.ssh/id_ed25519',
    '/root/.netrc',
    '/home/alice/.npmrc',
    '/home/alice/.docker/config.json',
    '/home/alice/.kube/config',
    '/home/alice/.config/gcloud/application_default_credentials.json',
    '/home/alice/.config/gh/hosts.yml',
    '/home/alice/.gnupg/private-keys-v1.d/0A.key',
    '/etc/shadow',
    `${FOLDER}/.env`,
    `${FOLDER}/.env.production`,
    `${FOLDER}/config/secrets.yaml`,
    '/run/secrets/db',
  ]) {
    assert.equal(why('read', path), 'credentials', path);
  }
});

test('what only looks like one is not', () => {
  for (const path of [
    '/home/alice/.ssh/id_ed25519.pub',
    `${FOLDER}/.env.example`,
    `${FOLDER}/src/credentials.ts`,
    '/usr/lib/python3/secrets.py',
    '/etc/passwd',
    '/etc/ssl/certs/ca-certificates.crt',
  ]) {
    assert.notEqual(why('read', path), 'credentials', path);
  }
});

test('writing what decides over later runs is configuration; reading it is ordinary', () => {
  for (const path of [
    '/etc/cron.d/x',
    '/home/alice/.bashrc',
    '/usr/local/bin/tool',
    `${FOLDER}/.git/hooks/pre-commit`,
  ]) {
    assert.equal(why('write', path), 'configuration', path);
  }
  assert.equal(why('read', '/etc/hosts'), undefined);
  assert.equal(why('write', `${FOLDER}/.git/hooks/pre-commit.sample`), undefined);
});

test('work in the working folder and on the ground that every program walks is nothing to tell of', () => {
  for (const path of [
    `${FOLDER}/src/main.c`,
    '/usr/lib/x86_64-linux-gnu/libc.so.6',
    '/proc/self/maps',
    '/dev/null',
    '/tmp/x',
  ]) {
    assert.equal(why('read', path), undefined, path);
  }
  assert.equal(why('write', '/tmp/cc12.o'), undefined);
  assert.equal(why('read', '/home/alice/other/notes.txt'), 'outside the working folder');
  assert.equal(why('write', '/home/alice/projectile/x'), 'outside the working folder');
});
