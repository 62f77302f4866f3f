import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { maskArguments, maskText } from './mask.ts';

/** Twice what execve(2) takes in one argument. */
const HOSTILE_CHARACTERS = 256 * 1024;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const random = (length: number, from: string) =>
  Array.from({ length }, () => from.charAt(randomInt(from.length))).join('');
const letters = (length: number) => random(length, `${LETTERS}0123456789`);
const hex = (length: number) => random(length, '0123456789abcdef');
const upper = (length: number) => random(length, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567');
const base64url = (bytes: number) => randomBytes(bytes).toString('base64url');
/** A password as people choose them: nothing about its shape tells. */
const password = () => `${random(4, LETTERS.slice(26))}${randomInt(10, 99)}${random(4, LETTERS)}`;

/** What a secret looks like, and the command lines in which people and agents pass it. */
const KINDS: { kind: string; make: () => string; lines: ((secret: string) => string[])[] }[] = [
  {
    kind: 'token with a known shape',
    make: () =>
      [
        `ghp_${letters(36)}`,
        `github_pat_${letters(22)}_${letters(59)}`,
        `glpat-${letters(20)}`,
        `sk-proj-${letters(48)}`,
        `sk-ant-api03-${letters(80)}`,
        `AKIA${upper(16)}`,
        `xoxb-${randomInt(1e9)}-${letters(24)}`,
        `AIza${letters(35)}`,
        `npm_${letters(36)}`,
        `hf_${letters(34)}`,
        `sk_live_${letters(24)}`,
        `SG.${letters(22)}.${letters(43)}`,
        `dop_v1_${hex(64)}`,
        `pypi-${base64url(60)}`,
        `hvs.${letters(24)}`,
      ][randomInt(15)] as string,
    lines: [
      (s) => ['cat', `/tmp/cache/${s}/index.json`],
      (s) => ['./deploy', s],
      (s) => ['python3', '-c', `client = Client("${s}")`],
      (s) => ['bash', '-c', `printf '%s' ${s} > /tmp/x`],
    ],
  },
  {
    kind: 'JWT',
    make: () =>
      `eyJ${Buffer.from(JSON.stringify({ alg: 'HS256', n: letters(8) }))
        .toString('base64url')
        .slice(3)}.${base64url(40)}.${base64url(32)}`,
    lines: [(s) => ['curl', 'http://127.0.0.1/', '-d', s], (s) => ['./verify', s]],
  },
  {
    kind: 'private key',
    make: () => random(64, `${LETTERS}0123456789+/`),
    lines: [
      (s) => [
        'bash',
        '-c',
        `cat > k <<E\n-----BEGIN OPENSSH PRIVATE KEY-----\n${s}\n-----END OPENSSH PRIVATE KEY-----\nE`,
      ],
      (s) => ['echo', `-----BEGIN RSA PRIVATE KEY-----\n${s}\n`],
      (s) =>
        ['echo', '-----BEGIN', 'PRIVATE', 'KEY-----', s]
          .slice(0, 1)
          .concat(`-----BEGIN PRIVATE KEY-----${s}`),
    ],
  },
  {
    kind: 'bearer header',
    make: () => letters(32),
    lines: [
      (s) => ['curl', '-H', `Authorization: Bearer ${s}`, 'http://127.0.0.1/'],
      (s) => ['bash', '-c', `curl -H "Authorization: Bearer ${s}" http://127.0.0.1/`],
      (s) => ['bash', '-lc', `curl --header='authorization:bearer ${s}' http://127.0.0.1/ | jq .`],
    ],
  },
  {
    kind: 'basic header',
    make: () => Buffer.from(`user:${password()}`).toString('base64'),
    lines: [
      (s) => ['curl', '-H', `Authorization: Basic ${s}`, 'http://127.0.0.1/'],
      (s) => ['wget', `--header=Proxy-Authorization: Basic ${s}`, 'http://127.0.0.1/'],
    ],
  },
  {
    kind: 'header of its own',
    make: password,
    lines: [
      (s) => ['curl', '-H', `X-Api-Key: ${s}`, 'http://127.0.0.1/'],
      (s) => ['bash', '-c', `curl -H 'PRIVATE-TOKEN: ${s}' http://127.0.0.1/`],
      (s) => ['curl', '-H', `Cookie: lang=en; sessionid=${s}; theme=dark`, 'http://127.0.0.1/'],
      (s) => ['curl', '-b', `sessionid=${s}`, 'http://127.0.0.1/'],
    ],
  },
  {
    kind: 'password in a URL',
    make: password,
    lines: [
      (s) => ['git', 'clone', `https://deploy:${s}@git.example.com/a/b.git`],
      (s) => ['psql', `postgres://app:${s}@10.0.0.5:5432/prod?sslmode=require`],
      (s) => ['cat', `/home/a/https:/deploy:${s}@git.example.com/x`],
      (s) => ['bash', '-c', `export DATABASE_URL=mysql://root:${s}@db/app && npm test`],
      (s) => ['redis-cli', '-u', `redis://:${s}@127.0.0.1:6379/0`],
    ],
  },
  {
    kind: 'token as the user of a URL',
    make: () => letters(40),
    lines: [(s) => ['git', 'push', `https://${s}@git.example.com/a/b.git`, 'main']],
  },
  {
    kind: 'query parameter',
    make: password,
    lines: [
      (s) => ['curl', `https://api.example.com/v1/x?page=2&api_key=${s}&sort=asc`],
      (s) => ['curl', `https://h.example.com/b?sv=2024&sig=${s}`],
      (s) => ['wget', `https://h.example.com/?access_token=${s}#top`],
      (s) => ['bash', '-c', `curl "https://maps.example.com/js?key=${s}&v=3"`],
      (s) => ['curl', `https://h.example.com/?to%6ben=${s}`],
    ],
  },
  {
    kind: 'assignment in the environment',
    make: password,
    lines: [
      (s) => ['env', `DB_PASSWORD=${s}`, 'node', 'server.js'],
      (s) => ['bash', '-c', `export AWS_SECRET_ACCESS_KEY=${s}; aws s3 ls`],
      (s) => ['bash', '-c', `PGPASSWORD='${s}' psql -h db -U app -c 'select 1'`],
      (s) => ['sh', '-c', `OPENAI_API_KEY="${s}" codex exec hello`],
      (s) => ['docker', 'run', '-e', `NPM_TOKEN=${s}`, 'node:20'],
      (s) => ['docker', 'run', `--env=GITHUB_TOKEN=${s}`, 'node:20'],
    ],
  },
  {
    kind: 'assignment in a program',
    make: password,
    lines: [
      (s) => ['python3', '-c', `token = '${s}'\nprint(len(token))`],
      (s) => ['node', '-e', `const apiKey = "${s}"; run(apiKey)`],
      (s) => ['python3', '-c', `os.environ['API_KEY'] = '${s}'`],
      (s) => ['bash', '-c', `python3 -c "os.environ[\\"API_KEY\\"]  =  \\"${s}\\""`],
      (s) => ['perl', '-e', `my $password = "${s}";`],
      (s) => ['bash', '-c', `cat > app.toml <<E\n[db]\npassword = "${s}"\nE`],
    ],
  },
  {
    kind: 'password with blanks and shell characters',
    make: () => `${password()} & ${password()}; ${password()}`,
    lines: [
      (s) => ['env', `DB_PASSWORD=${s}`, 'node', 'server.js'],
      (s) => ['bash', '-c', `PASSWORD='${s}' ./run`],
      (s) => ['tool', '--password', s, '--verbose'],
      (s) => ['tool', `--password=${s}`, '--verbose'],
      (s) => ['bash', '-c', `tool --password "${s}" --verbose`],
    ],
  },
  {
    kind: 'flag with its value',
    make: password,
    lines: [
      (s) => ['tool', '--token', s],
      (s) => ['tool', `--api-key=${s}`],
      (s) => ['tool', '-password', s],
      (s) => ['bash', '-c', `tool --client-secret ${s} --region eu`],
      (s) => ['keytool', '-storepass', s],
      (s) => ['gpg', '--batch', '--passphrase', s, '-d', 'f.gpg'],
    ],
  },
  {
    kind: 'flag that only this program keeps secret',
    make: password,
    lines: [
      (s) => ['mysql', '-u', 'root', `-p${s}`, 'shop'],
      (s) => ['sshpass', '-p', s, 'ssh', 'host'],
      (s) => ['bash', '-c', `sshpass -p '${s}' ssh host uptime`],
      (s) => ['curl', '-u', `alice:${s}`, 'http://127.0.0.1/'],
      (s) => ['curl', `-ualice:${s}`, 'http://127.0.0.1/'],
      (s) => ['bash', '-c', `curl --user "alice:${s}" http://127.0.0.1/`],
      (s) => ['sudo', 'mysqldump', `-p${s}`, 'shop'],
      (s) => ['docker', 'login', '-u', 'alice', '-p', s, 'registry.example.com'],
      (s) => ['redis-cli', '-a', s, 'ping'],
      (s) => ['ldapsearch', '-x', '-w', s, '-b', 'dc=example'],
      (s) => ['smbclient', '//host/share', '-U', `alice%${s}`],
      (s) => ['unzip', '-P', s, 'a.zip'],
      (s) => ['7z', 'x', `-p${s}`, 'a.7z'],
      (s) => ['openssl', 'rsa', '-passin', `pass:${s}`, '-in', 'k.pem'],
      (s) => ['htpasswd', '-bc', 'users', 'alice', s],
    ],
  },
  {
    kind: 'JSON body',
    make: password,
    lines: [
      (s) => ['curl', '-d', `{"user":"alice","password":"${s}"}`, 'http://127.0.0.1/'],
      (s) => ['curl', '--json', `{ "apiKey" : "${s}" }`.replace(' :', ':'), 'http://127.0.0.1/'],
      (s) => ['bash', '-c', `curl -d "{\\"client_secret\\":\\"${s}\\"}" http://127.0.0.1/`],
    ],
  },
  {
    kind: 'form body',
    make: password,
    lines: [
      (s) => ['curl', '-d', `user=alice&password=${s}&x=1`, 'http://127.0.0.1/'],
      (s) => ['curl', '--data-urlencode', `passphrase=${s}`, 'http://127.0.0.1/'],
      (s) => ['kubectl', 'create', 'secret', 'generic', 'db', `--from-literal=password=${s}`],
    ],
  },
  {
    kind: 'connection string',
    make: () => random(43, `${LETTERS}0123456789+/`),
    lines: [
      (s) => [
        'az',
        'storage',
        'blob',
        'list',
        '--connection-string',
        `AccountName=a;AccountKey=${s}=;EndpointSuffix=x`,
      ],
      (s) => ['dotnet', 'run', `Server=db;User Id=sa;Password=${s};Encrypt=true`],
      (s) => ['mount', '-t', 'cifs', '-o', `username=a,password=${s},uid=0`, '//h/s', '/mnt'],
    ],
  },
  {
    kind: 'value set in a configuration',
    make: () => letters(40),
    lines: [
      (s) => ['aws', 'configure', 'set', 'aws_secret_access_key', s],
      (s) => ['npm', 'config', 'set', '//registry.example.com/:_authToken', s],
      (s) => ['npm', 'config', 'set', `//registry.example.com/:_authToken=${s}`],
      (s) => ['git', 'config', 'http.extraHeader', `Authorization: token ${s}`],
      (s) => ['heroku', 'config:set', `STRIPE_SECRET_KEY=${s}`],
      (s) => ['fly', 'secrets', 'set', `WHATEVER=${s}`],
    ],
  },
  {
    kind: 'secret fed to a standard input',
    make: password,
    lines: [
      (s) => ['bash', '-c', `echo ${s} | docker login --password-stdin -u alice`],
      (s) => ['bash', '-c', `printf '%s' '${s}' | sudo -S id`],
      (s) => ['bash', '-c', `echo "root:${s}" | chpasswd`],
      (s) => ['bash', '-c', `gh auth login --with-token <<< "${s}"`],
    ],
  },
  {
    kind: 'webhook',
    make: () => letters(24),
    lines: [
      (s) => ['curl', `https://hooks.slack.com/services/T0AAAAAAA/B0AAAAAAA/${s}`],
      (s) => ['curl', `https://discord.com/api/webhooks/123456789012345678/${s}${letters(40)}`],
      (s) => ['curl', `https://api.telegram.org/bot123456789:AA${s}${letters(10)}/getMe`],
    ],
  },
  {
    kind: 'secret in a path',
    make: () => `ghp_${letters(36)}`,
    lines: [(s) => ['touch', `/tmp/${s}.txt`], (s) => ['cat', `/var/cache/http/https:/x/?token=${s}`]],
  },
];

test('210 secrets of 21 kinds leave no trace in a masked command line', () => {
  assert.equal(KINDS.length, 21);
  const leaks: string[] = [];
  for (const { kind, make, lines } of KINDS) {
    // Ten of each kind, and each way of passing one at least once.
    for (let turn = 0; turn < Math.max(10, lines.length); turn += 1) {
      const secret = make();
      const line = (lines[turn % lines.length] as (secret: string) => string[])(secret);
      const masked = maskArguments(line);
      const shown = masked.join('\n');
      assert.equal(masked.length, line.length);
      // No part of a secret that would be of use to who searches for the rest.
      const parts = [
        secret.slice(0, 8),
        secret.slice(-8),
        secret.slice(secret.length >> 1, (secret.length >> 1) + 8),
      ];
      if (parts.some((part) => shown.includes(part)))
        leaks.push(`${kind}: ${line.join(' ')} became ${shown}`);
    }
  }
  assert.deepEqual(leaks, []);
});

const ORDINARY = [
  ['git', 'commit', '-m', 'fix token parser and password prompt'],
  ['git', 'log', '--author=Secret Agent', '--format=%H %an', '--max-count=10'],
  ['git', 'clone', 'ssh://git@github.com/openai/codex.git'],
  ['git', 'clone', 'git@github.com:openai/codex.git'],
  ['git', 'show', '9c1185a5c5e9fc54612808977ee8f548b2258d31:README.md'],
  ['git', 'ls-remote', 'https://github.com/openai/plugins.git'],
  ['ls', '-la', '/etc/passwd', '/etc/shadow', '/root/.aws/credentials'],
  ['cat', '/root/.ssh/id_ed25519', '.env', 'secrets.txt'],
  ['grep', '-rn', 'password', 'src', '--include=*.ts'],
  ['grep', '-E', 'api_key|secret', '-r', '.'],
  ['ssh', '-i', '/root/.ssh/id_rsa', '-p', '2222', 'alice@example.com'],
  ['curl', '-sS', '-o', 'out.json', 'https://example.com/a?page=2&sort=key&limit=10'],
  ['curl', '-H', 'Content-Type: application/json', '-H', 'Accept: */*', 'http://127.0.0.1:8080/v1/x'],
  ['curl', '-X', 'POST', '-d', '{"name":"alice","count":3,"ok":true}', 'http://127.0.0.1/'],
  ['sort', '--key=2,2', '-t', ':', '/etc/passwd'],
  ['mkdir', '-p', 'build/release'],
  ['docker', 'run', '-p', '8080:80', '-e', 'NODE_ENV=production', 'node:20'],
  ['docker', 'build', '--secret', 'id=npm,src=.npmrc', '.'],
  ['docker', 'pull', 'node@sha256:2f7b1c6d0e8f4a5b9c3d7e1f0a2b4c6d8e0f1a3b5c7d9e1f2a4b6c8d0e2f4a6b'],
  ['npm', 'test', '--', '--grep', 'auth token'],
  ['npm', 'install', '--no-audit', '--prefix', '/tmp/x', 'lru-cache@11.5.3'],
  ['node', '--max-old-space-size=4096', '--enable-source-maps', 'server.js'],
  ['python3', '-m', 'tokenize', 'parser.py'],
  ['python3', '-c', 'import os; print(os.environ.get("HOME"))'],
  ['llama-cli', '--max-tokens', '4096', '--tokenizer', 'models/tok.json', '--seed', '42'],
  ['env', 'TOKENIZERS_PARALLELISM=false', 'PWD=/home/alice', 'GIT_AUTHOR_NAME=alice', 'LANG=C.UTF-8'],
  ['bash', '-c', 'export PATH=/usr/bin:$PATH; cd /work && make -j2 test'],
  ['bash', '-c', 'curl -H "Authorization: Bearer $TOKEN" https://api.example.com/'],
  ['bash', '-c', 'PGPASSWORD=$(cat /run/secrets/db) psql -h db'],
  ['bash', '-c', 'if [ "$token" = "" ] || [ "$key" = "release" ]; then exit 1; fi'],
  ['python3', '-c', 'key = "name"; tokens = "a b"; author = "Secret Agent"'],
  ['bash', '-c', 'for key in a b c; do echo "key: $key"; done'],
  ['gcc', '-O2', '-DMAX_TOKENS=4096', '-Iinclude', '-o', 'a.out', 'main.c'],
  ['make', '-j2', 'CC=clang', 'KEY=release'],
  [
    'openssl',
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-keyout',
    'key.pem',
    '-out',
    'cert.pem',
    '-days',
    '365',
  ],
  ['openssl', 'dgst', '-sha256', 'file'],
  ['ssh-keygen', '-t', 'ed25519', '-f', '/tmp/key'],
  ['kubectl', 'get', 'secret', 'my-app-db', '-o', 'yaml'],
  ['aws', 's3', 'cp', 's3://bucket/key/part', '.', '--region', 'eu-west-1'],
  ['find', '/', '-name', '*.key', '-newer', '/etc/hostname'],
  ['tar', '-xzf', 'node-v20.20.2.tar.gz', '-C', '/opt'],
  ['sha256sum', '-c', 'SHASUMS256.txt'],
  [
    'codex',
    'exec',
    '--skip-git-repo-check',
    '--dangerously-bypass-approvals-and-sandbox',
    'build and test it',
  ],
  [
    '/proc/self/exe',
    '--codex-run-as-process-setup',
    '3',
    '4',
    'pipe',
    '',
    '/work',
    '/bin/bash',
    '/bin/bash',
    '-c',
  ],
  ['cline', '--cline-hub-daemon', '--host', '127.0.0.1', '--port', '25463'],
  ['ps', '-o', 'ppid=,command=', '-p', '4711'],
  ['rsync', '-av', '--password-file=/etc/rsync.pass', 'a/', 'host::b'],
  ['mysql', '-u', 'root', '-p', 'shop'],
  ['tool', '--auth', 'basic', '--key', '/etc/ssl/private/server.key', '--token-file', '/run/token'],
  ['http', 'GET', 'http://127.0.0.1:3000/api/sessions?session=3'],
  ['systemd-inhibit', '--what=idle', '--who=agent', '--why=working', 'sleep', 'infinity'],
  ['jq', '.tokens[] | {key: .name, value: .count}', 'usage.json'],
];

test('ordinary command lines of agents and people pass unchanged', () => {
  for (const line of ORDINARY) assert.deepEqual(maskArguments(line), line);
});

test('ordinary paths and URLs pass unchanged', () => {
  for (const text of [
    '/usr/lib/x86_64-linux-gnu/libssl.so.3',
    '/root/.codex/sessions/2026/11/20/rollout-2026-11-20T20-13-00-0199f2b4-8d3c-7c11-a9e5-1f2d3c4b5a69.jsonl',
    '/tmp/.bcf9fffe7ebdf7f9-00000000.so',
    '/home/alice/src/passwords/token_store.test.ts',
    '/proc/4711/task/4712/status',
    '/var/lib/docker/overlay2/3f9c8b7a6d5e4f3c2b1a0f9e8d7c6b5a4f3e2d1c0b9a8f7e6d5c4b3a2f1e0d9c/merged',
    'https://registry.example.com/@scope%2fname/-/name-1.0.0.tgz',
  ]) {
    assert.equal(maskText(text), text);
  }
});

test('what is no secret around a secret stays readable', () => {
  assert.deepEqual(
    maskArguments(['curl', '-H', 'Authorization: Bearer abcdef123456', 'http://h/?a=1&token=t0ps3cret&b=2']),
    ['curl', '-H', 'Authorization: Bearer [masked]', 'http://h/?a=1&token=[masked]&b=2'],
  );
  assert.deepEqual(maskArguments(['bash', '-c', 'TOKEN=hunter22 ./deploy --region eu && ls']), [
    'bash',
    '-c',
    'TOKEN=[masked] ./deploy --region eu && ls',
  ]);
  assert.equal(maskText('postgres://app:hunter22@db:5432/prod'), 'postgres://app:[masked]@db:5432/prod');
});

test('masking what is masked changes nothing more, and never joins or splits arguments', () => {
  const word = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom(
      '--password',
      '-p',
      'mysql',
      'curl',
      '-u',
      'a:b',
      'token=',
      '"',
      "'",
      '://',
      '@',
      'x=y',
      '-c',
      'eyJ',
    ),
    fc.constantFrom(
      'Authorization: Bearer x',
      'PASSWORD="a b',
      'https://u:p@h/?key=v',
      '-----BEGIN PRIVATE KEY-----',
    ),
  );
  fc.assert(
    fc.property(
      fc.array(
        fc.array(word, { maxLength: 4 }).map((words) => words.join(' ').replaceAll('\0', '')),
        { minLength: 1, maxLength: 6 },
      ),
      (args) => {
        const once = maskArguments(args);
        assert.equal(once.length, args.length);
        assert.equal(maskArguments(once).length, args.length);
      },
    ),
    { numRuns: 3_000 },
  );
});

test('hostile text of 256 KiB is read to its end', () => {
  const hostile = [
    'password=',
    'key=',
    'a:',
    '://u:',
    'eyJaaaaaaaaaa',
    'sk-',
    'sk-aaaaaaaaaaaaaaa',
    '"password":"',
    '--password ',
    'password=$',
    '<<<',
    '-----BEGIN ',
    '-----BEGIN PRIVATE KEY-----',
    "'",
    '\\"',
    'A',
    '=',
    '@',
    'token:$(',
    ';echo ',
    ',a=',
    "auth=('",
    'login("a", ',
    "identified by '",
    'create password ',
    'create a ',
    "password send '",
    'machine a login b password ',
    'pgpass a:1:b:c:d',
    'pgpass a',
    'vault kv put a=',
  ];
  for (const piece of hostile) {
    // In quadratic time each of these would take minutes; nobody would wait for the end of this test.
    const text = piece.repeat(Math.ceil(HOSTILE_CHARACTERS / piece.length));
    assert.equal(maskArguments(['bash', '-c', text]).length, 3);
    assert.equal(maskArguments(['tool', text, text]).length, 3);
    assert.equal(typeof maskText(text), 'string');
  }
});
