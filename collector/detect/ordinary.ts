/**
 * Ordinary work: what a coding agent or a developer runs all day. A rule that fires on it would page people for
 * nothing, whatever its author meant it for.
 */

import { type Attributes, type Event, SEVERITY } from '../event.ts';

/** Programs as they are run, with arguments; the parent is a shell. */
const COMMANDS: readonly string[] = [
  'id',
  'id -u',
  'whoami',
  'uname -a',
  'uname -s',
  'hostname',
  'ps aux',
  'ps -ef',
  'env',
  'printenv PATH',
  'ls -la',
  'ls -la /root',
  'pwd',
  'df -h',
  'du -sh .',
  'free -m',
  'date',
  'find . -name *.c',
  'find . -type f -newer Makefile',
  'grep -rn main --include=*.c .',
  'grep -rn password src',
  'rg TODO',
  'cat README.md',
  'cat package.json',
  'head -20 src/main.c',
  'tail -n 50 build.log',
  'wc -l src/main.c',
  'sort names.txt',
  'uniq -c',
  'sed -i s/a/b/ src/main.c',
  'awk {print $1} names.txt',
  'cut -d: -f1 names.txt',
  'tr a b',
  'xargs wc -l',
  'diff -u a b',
  'touch src/new.c',
  'touch -d yesterday out.txt',
  'mkdir -p build/obj',
  'cp a.c b.c',
  'mv a.c b.c',
  'rm -f build/obj/a.o',
  'rm -rf build',
  'rm -rf node_modules',
  'chmod +x build.sh',
  'chmod 755 build.sh',
  'ln -s a b',
  'tar czf release.tgz src',
  'tar xzf release.tgz',
  'zip -r release.zip src',
  'unzip release.zip',
  'base64 -d icon.b64',
  'sha256sum release.tgz',
  'curl -sS https://registry.yarnpkg.com/left-pad',
  'curl -o x.tgz https://example.org/x.tgz',
  'curl -s http://127.0.0.1:3000/health',
  'wget -q https://example.org/x.tgz',
  'git init -q',
  'git status --short',
  'git add -A',
  'git commit -m message',
  'git log --oneline',
  'git diff --stat',
  'git fetch origin',
  'git push origin main',
  'git clone https://github.com/example/project',
  'git config user.name ada',
  'make',
  'make test',
  'gcc -O2 -Wall -c src/main.c -o build/obj/main.o',
  'cc -o app main.c',
  'ld -o app main.o',
  'as -o a.o a.s',
  'cmake -S . -B build',
  'cargo build --release',
  'go build ./...',
  'node build.js',
  'node --test',
  'npm install',
  'npm ci',
  'npm run build',
  'npm test',
  'npx tsc -p .',
  'python3 -m unittest',
  'python3 -m venv .venv',
  'python3 -c print(1)',
  'pip install -r requirements.txt',
  'perl -e print 1',
  'ruby -v',
  'java -version',
  'docker ps',
  'docker build -t app .',
  'docker run --rm app npm test',
  'ssh -V',
  'which gcc',
  'type cc',
  'file build/app',
  'strings build/app',
  'nm build/app',
  'ldd build/app',
  'strip build/app',
  'sleep 1',
  'kill 12345',
  'nproc',
  'stat src/main.c',
  'readlink -f build',
  'dirname /a/b',
  'basename /a/b',
  'mktemp -d',
  'tee out.txt',
  'bash -c make test',
  'sh -c echo hello',
  'bash -lc npm test',
];

/** Files opened for reading and writing. */
const FILES: readonly string[] = [
  '/home/ada/project/src/main.c',
  '/home/ada/project/build/obj/main.o',
  '/home/ada/project/.git/config',
  '/home/ada/project/.git/index',
  '/home/ada/project/.git/objects/ab/cdef',
  '/home/ada/project/node_modules/x/index.js',
  '/home/ada/project/package-lock.json',
  '/home/ada/project/.gitignore',
  '/home/ada/project/test.sh',
  '/home/ada/project/tool.py',
  '/home/ada/.npm/_cacache/index-v5/aa',
  '/home/ada/.cache/pip/http/a',
  '/home/ada/.codex/sessions/2026/rollout.jsonl',
  '/home/ada/.bash_history',
  '/tmp/ccAbCdEf.s',
  '/tmp/npm-1234/x',
  '/usr/lib/x86_64-linux-gnu/libc.so.6',
  '/usr/share/zoneinfo/UTC',
  '/etc/passwd',
  '/etc/hosts',
  '/etc/ld.so.cache',
  '/dev/null',
];

/** The events of ordinary work, each with the text a person would know it by. */
export function ordinaryWork(): readonly { readonly what: string; readonly event: Event }[] {
  const folders = ['/usr/bin', '/home/ada/project/build', '/tmp/project'];
  const commands = COMMANDS.flatMap((line, index) => {
    const args = line.split(' ');
    const path = `/usr/bin/${args[0]}`;
    return [
      { what: line, event: event('process.exec', { ...program(path), 'process.command_args': args }, index) },
    ];
  });
  const built = folders.slice(1).map((folder, index) => ({
    what: `${folder}/app`,
    event: event(
      'process.exec',
      { ...program(`${folder}/app`), 'process.command_args': ['./app'] },
      500 + index,
    ),
  }));
  const files = FILES.flatMap((path, index) =>
    (['read', 'write'] as const).map((access) => ({
      what: `${access} ${path}`,
      event: event(
        'file.open',
        { ...program('/usr/bin/node'), ...file(path), 'spoor.file.access': access },
        600 + index,
      ),
    })),
  );
  return [...commands, ...built, ...files];
}

function program(path: string): Attributes {
  return {
    'process.executable.path': path,
    'process.executable.name': path.slice(path.lastIndexOf('/') + 1),
    'process.parent.executable': '/usr/bin/bash',
    'spoor.process.parent_command_args': ['bash', '-c', 'make'],
    'process.working_directory': '/home/ada/project',
  };
}

function file(path: string): Attributes {
  return {
    'file.path': path,
    'file.name': path.slice(path.lastIndexOf('/') + 1),
    'spoor.file.type': 'regular',
    'event.outcome': 'success',
  };
}

function event(name: Event['name'], attributes: Attributes, number: number): Event {
  const somebody: Attributes = {
    'session.id': 'ordinary',
    'process.user.name': 'ada',
    'process.user.id': 1000,
    'process.pid': number,
  };
  return {
    name,
    uid: `ordinary-${number}`,
    timeNs: 1_767_600_000_000_000_000n + BigInt(number) * 1_000_000_000n,
    severity: SEVERITY.info,
    traceId: '',
    spanId: '',
    attributes: { ...somebody, ...attributes },
    seen: undefined,
  };
}
