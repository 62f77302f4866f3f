/** Secrets planted wherever an agent's commands carry them, then looked for in every byte that Spoor left or sent. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolder } from '../at-end.ts';
import { leaksIn } from './search.ts';
import { needsRoot, receiverIn, spoor } from './spoor.ts';

function random(length: number): string {
  return randomBytes(length).toString('base64url').replaceAll(/[-_]/g, 'x').slice(0, length);
}

/** Each way in which commands carry a secret: a shell command line that holds `secret`. */
const CARRIERS: Readonly<Record<string, (secret: string) => string>> = {
  'a bearer header': (secret) => `curl -s -H "Authorization: Bearer ${secret}" http://127.0.0.1:1/`,
  'a basic header': (secret) => `curl -s -H 'Authorization: Basic ${secret}' http://127.0.0.1:1/`,
  'an API key header': (secret) => `curl -s -H 'X-Api-Key: ${secret}' http://127.0.0.1:1/`,
  'a cookie': (secret) => `curl -s -H 'Cookie: session=${secret}; theme=dark' http://127.0.0.1:1/`,
  'curl --user': (secret) => `curl -s -u admin:${secret} http://127.0.0.1:1/`,
  'curl --user=': (secret) => `curl -s --user admin:${secret} http://127.0.0.1:1/`,
  'curl --oauth2-bearer': (secret) => `curl -s --oauth2-bearer ${secret} http://127.0.0.1:1/`,
  'URL userinfo': (secret) => `curl -s http://admin:${secret}@127.0.0.1:1/`,
  'URL userinfo without a name': (secret) => `curl -s http://:${secret}@127.0.0.1:1/`,
  'a git remote': (secret) =>
    `git -c http.lowSpeedTime=1 ls-remote http://oauth2:${secret}@127.0.0.1:1/x.git`,
  'a database URL': (secret) => `true postgres://app:${secret}@127.0.0.1:5432/main`,
  'a query parameter': (secret) => `curl -s 'http://127.0.0.1:1/?user=a&access_token=${secret}&page=2'`,
  'a signed URL': (secret) => `curl -s 'http://127.0.0.1:1/o?X-Amz-Expires=60&X-Amz-Signature=${secret}'`,
  '--password=': (secret) => `true --host=db --password=${secret}`,
  '--password': (secret) => `true --password ${secret} --verbose`,
  '--token': (secret) => `true --token ${secret}`,
  '--api-key': (secret) => `true --api-key=${secret}`,
  '--client-secret': (secret) => `true --client-secret ${secret}`,
  'an assignment for env': (secret) => `env AWS_SECRET_ACCESS_KEY=${secret} true`,
  'an assignment in a shell': (secret) =>
    `bash -c 'export GITHUB_TOKEN=${secret}; DB_PASSWORD="${secret}" true'`,
  'a JSON body': (secret) =>
    `curl -s -d '{"user":"a","password":"${secret}","remember":true}' http://127.0.0.1:1/`,
  'a form body': (secret) => `curl -s -d 'user=a&password=${secret}&next=1' http://127.0.0.1:1/`,
  'a GitHub token alone': (secret) => `true ghp_${secret}`,
  'a fine-grained GitHub token alone': (secret) => `true github_pat_${secret}`,
  'an AWS key id alone': (secret) => `true AKIA${secret.toUpperCase().slice(0, 16)}`,
  'an OpenAI key alone': (secret) => `true sk-proj-${secret}`,
  'an Anthropic key alone': (secret) => `true sk-ant-api03-${secret}`,
  'a Slack token alone': (secret) => `true xoxb-123456789012-${secret}`,
  'an npm token alone': (secret) => `true npm_${secret}`,
  'a Google key alone': (secret) => `true AIza${secret.slice(0, 35)}`,
  'a JSON web token': (secret) => `true eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.${secret}`,
  'a private key': (secret) => `true "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEI${secret}
-----END PRIVATE KEY-----"`,
  'text piped by a shell': (secret) => `bash -c 'echo "password: ${secret}" | cat > /dev/null'`,
  'a URL that is opened as a file': (secret) => `cat 'http://admin:${secret}@host/x' 2> /dev/null`,
  'mysql -p': (secret) => `./mysql -uroot -p${secret} -e 'select 1'`,
  'sshpass -p': (secret) => `./sshpass -p ${secret} ssh host`,
};

/** Files with a secret in them, each read whole. */
const CONTENTS = 50;

/** What of a carrier's text is the secret part, for the ones that change its case or length. */
function planted(carrier: string, secret: string): string {
  if (carrier === 'an AWS key id alone') return secret.toUpperCase().slice(0, 16);
  if (carrier === 'a Google key alone') return secret.slice(0, 35);
  return secret;
}

test(
  'not one secret planted in arguments, URLs, environment, input or file contents is in any byte kept or sent',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const state = join(folder, 'state');
    const sent = join(folder, 'sent');
    const work = join(folder, 'work');
    mkdirSync(sent);
    mkdirSync(work);
    const receiver = await receiverIn(t, sent);

    const carried = Object.entries(CARRIERS).map(([name, carry]) => ({ name, secret: random(36), carry }));
    const environment = random(36);
    const contents = Array.from({ length: CONTENTS }, () => random(36));
    const input = random(36);
    for (const [place, content] of contents.entries())
      writeFileSync(join(work, `credentials-${place}`), `aws_secret_access_key = ${content}\n`);
    for (const program of ['mysql', 'sshpass']) symlinkSync('/bin/true', join(work, program));
    // As agents do: the whole command line is an argument of a shell, and then its words are of each program.
    const lines = join(folder, 'lines');
    mkdirSync(lines);
    for (const [place, { carry, secret }] of carried.entries())
      writeFileSync(join(lines, String(place)), carry(secret));
    const script = `for line in ${lines}/*; do bash -c "$(cat "$line")"; done
cat credentials-* > copy; cp credentials-0 another; gzip -k credentials-1; cat > from-stdin; sha256sum copy from-stdin; true the-last-command; /bin/true the-last-command`;

    const outcome = await spoor(
      ['run', '--state', state, '--otlp', receiver.url, '--', 'bash', '-c', script],
      {
        cwd: work,
        env: { DEPLOY_TOKEN: environment, DATABASE_URL: `postgres://app:${environment}@db/main` },
        input: Buffer.from(`api_key=${input}\n`),
      },
    );
    await receiver.stop();
    assert.equal(outcome.code, 0, outcome.stderr);

    // The carriers really ran and were really recorded, as the files were: else nothing was there to leak.
    const read = new Set(
      receiver.logs
        .filter((log) => log.event_name === 'file.open')
        .map((log) => String(log.attributes['file.path']))
        .filter((path) => path.startsWith(join(work, 'credentials-'))),
    );
    assert.ok(read.size >= CONTENTS);
    const last = receiver.logs.filter((log) =>
      String(log.attributes['process.command_args']).includes('the-last-command'),
    );
    assert.notEqual(last.length, 0);
    assert.ok(readFileSync(receiver.rawFile).includes('Authorization: Bearer'));

    const everywhere = [...leaksIn(state, secrets()), ...leaksIn(sent, secrets())];
    const report = secrets().filter((secret) => outcome.stderr.includes(secret));
    const names = new Map([
      ...carried.map(({ name, secret }) => [planted(name, secret), name] as const),
      [environment, 'the environment'],
      ...contents.map((content, place) => [content, `the content of file ${place}`] as const),
      [input, 'standard input'],
    ]);
    const leaked = new Set(
      [...everywhere.map((leak) => leak.secret), ...report].map((secret) => names.get(secret)),
    );
    assert.deepEqual([...leaked], []);

    function secrets(): string[] {
      return [...carried.map(({ name, secret }) => planted(name, secret)), environment, ...contents, input];
    }
  },
);
