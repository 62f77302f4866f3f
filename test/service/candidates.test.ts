/** Programs in no session that talk to a model host, by real DNS and TLS clients on loopback. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { atEnd, emptyFolder, type Scope } from '../at-end.ts';
import { eventsIn, needsRoot, type PrintedEvent, run, spoor } from '../system/spoor.ts';
import { eventsNaming, startsNaming } from './own-sessions.ts';
import { startService } from './running.ts';

/** OpenSSL's hello, whatever becomes of the handshake. */
const GREETS = `
import socket, ssl, sys
context = ssl.create_default_context()
try:
    context.wrap_socket(socket.create_connection(('127.0.0.1', int(sys.argv[1]))), server_hostname=sys.argv[2])
except (ssl.SSLError, OSError):
    pass
`;

/** A question as RFC 1035 has it, to port 53 of an address nobody answers on. */
const ASKS = `
import socket, sys
name = b''.join(bytes([len(label)]) + label.encode() for label in sys.argv[1].split('.')) + b'\\0'
asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asking.connect(('127.0.0.77', 53))
asking.send(b'\\x12\\x34\\x01\\0\\0\\1\\0\\0\\0\\0\\0\\0' + name + b'\\0\\1\\0\\1')
`;

/** A server on loopback that closes what it takes: the hello is all that is wanted. @returns its port */
async function closingServer(t: Scope): Promise<number> {
  const server = createServer((socket) => socket.once('data', () => socket.destroy()).on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(t, () => void server.close());
  return (server.address() as AddressInfo).port;
}

function candidates(events: readonly PrintedEvent[]): PrintedEvent[] {
  return events.filter(({ event_name }) => event_name === 'agent.candidate');
}

test(
  'an unlisted program that greets or asks for a model host is a candidate with its evidence; curl is a lesser one; other hosts are not told',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const service = await startService(t, { folder });
    const port = await closingServer(t);
    const script = (name: string, text: string) => {
      const path = join(folder, name);
      writeFileSync(path, text);
      return path;
    };
    const greets = script('greets.py', GREETS);
    const elsewhere = script('elsewhere.py', GREETS);
    const regional = script('regional.py', GREETS);
    const storage = script('storage.py', GREETS);
    const asks = script('asks.py', ASKS);
    await run('python3', [greets, String(port), 'API.openai.com']);
    await run('python3', [greets, String(port), 'api.openai.com']);
    await run('python3', [elsewhere, String(port), 'api.openai.com.example.org']);
    await run('python3', [regional, String(port), 'bedrock-runtime.eu-west-1.amazonaws.com']);
    await run('python3', [storage, String(port), 'bucket.s3.eu-west-1.amazonaws.com']);
    await run('python3', [asks, 'api.mistral.ai']);
    await run('python3', [elsewhere, String(port), 'openai.com']);
    await run('curl', ['-s', '--resolve', `api.groq.com:${port}:127.0.0.1`, `https://api.groq.com:${port}/`]);
    await service.stop();

    const events = await eventsIn(service.state);
    const told = candidates(events).map(({ attributes }) => ({
      host: attributes['server.address'].toLowerCase(),
      root: attributes['spoor.agent.root'],
      band: attributes['spoor.agent.band'],
    }));
    assert.deepEqual(
      told.sort((left, right) => (left.host < right.host ? -1 : 1)),
      [
        { host: 'api.groq.com', root: '/usr/bin/curl', band: 'none' },
        { host: 'api.mistral.ai', root: asks, band: 'none' },
        { host: 'api.openai.com', root: greets, band: 'low' },
        { host: 'bedrock-runtime.eu-west-1.amazonaws.com', root: regional, band: 'low' },
      ],
    );
    const first = candidates(events).find((event) => event.attributes['spoor.agent.root'] === greets);
    assert.equal(first?.attributes['gen_ai.agent.name'], 'unlisted-agent');
    assert.equal(first?.attributes['process.user.id'], 0);
    assert.deepEqual(first?.attributes['spoor.agent.evidence'], ['model_host (verified): API.openai.com']);
    assert.deepEqual(startsNaming(events, folder), []);
    assert.deepEqual(
      events.filter(
        ({ event_name, attributes }) =>
          ['tls.hello', 'dns.query'].includes(event_name) && attributes['session.id'] === undefined,
      ),
      [],
    );
  },
);

test(
  'a program that ran before the service is a candidate too, when it names a model host later',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const path = join(folder, 'waits.py');
    writeFileSync(path, `import sys\nprint('ready', flush=True)\nsys.stdin.readline()\n${ASKS}`);
    const waiting = spawn('python3', [path, 'api.anthropic.com'], { stdio: ['pipe', 'pipe', 'inherit'] });
    atEnd(t, () => waiting.kill('SIGKILL'));
    await once(waiting.stdout, 'data');
    const service = await startService(t, { folder });
    const ended = once(waiting, 'exit');
    waiting.stdin.end('go\n');
    assert.deepEqual(await ended, [0, null]);
    await service.stop();
    const found = candidates(await eventsIn(service.state)).map(({ attributes }) => ({
      pid: attributes['process.pid'],
      host: attributes['server.address'],
      evidence: attributes['spoor.agent.evidence'],
    }));
    assert.deepEqual(found, [
      {
        pid: waiting.pid,
        host: 'api.anthropic.com',
        evidence: ['asked_for_host (verified): api.anthropic.com'],
      },
    ]);
  },
);

interface PrintedInventory {
  readonly candidates: readonly {
    readonly agent: string;
    readonly program: string;
    readonly user: string;
    readonly hosts: readonly string[];
    readonly band: string;
  }[];
}

/** What `spoor inventory` says of the candidates of this service. */
async function inventoried(state: string, ...more: string[]): Promise<PrintedInventory['candidates']> {
  const { stdout, stderr, code } = await spoor(['inventory', '--state', state, '--json', ...more]);
  assert.equal(code, 0, stderr);
  return (JSON.parse(stdout.toString()) as PrintedInventory).candidates;
}

test(
  'a candidate is in the inventory until an entry of five lines and a reload make it an agent, and its next run a session',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const entries = join(folder, 'site.yml');
    writeFileSync(entries, 'agents: {}\n');
    const service = await startService(t, { folder, configuration: `recognise:\n  agents: ${entries}\n` });
    const port = await closingServer(t);
    const helper = join(folder, 'acme-helper.py');
    writeFileSync(helper, GREETS);
    const helped = () => run('python3', [helper, String(port), 'api.openai.com']);
    await helped();
    let listed = await inventoried(service.state);
    while (listed.length === 0) listed = await inventoried(service.state);
    assert.deepEqual(
      listed.map(({ agent, program, user, hosts, band }) => ({ agent, program, user, hosts, band })),
      [{ agent: 'unlisted-agent', program: helper, user: 'root', hosts: ['api.openai.com'], band: 'low' }],
    );

    writeFileSync(
      entries,
      `agents:\n  acme-helper:\n    name: Acme Helper\n    paths: ['${helper}']\n    hosts: [ai.acme.example]\n`,
    );
    service.signal('SIGHUP');
    await service.says('configuration read again');
    await helped();
    await service.stop();
    const events = await eventsIn(service.state);
    const starts = startsNaming(events, folder);
    assert.deepEqual(
      starts.map(({ attributes }) => [attributes['gen_ai.agent.name'], attributes['spoor.agent.root']]),
      [['acme-helper', helper]],
    );
    const greeted = eventsNaming(events, folder).find(
      ({ event_name }) => event_name === 'tls.hello',
    )?.attributes;
    assert.equal(greeted?.['session.id'], starts[0]?.attributes['session.id']);
    assert.equal(candidates(events).length, 1);
    assert.deepEqual(await inventoried(service.state, '--agents', entries), []);
  },
);

test(
  'a candidate by name and place is a session from the moment it talks to the host of that agent alone',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const entries = join(folder, 'site.yml');
    const helper = join(folder, 'acme-helper');
    writeFileSync(
      entries,
      `agents:\n  acme:\n    name: Acme\n    commands: [acme-helper]\n    weak_paths: ['${helper}']\n    hosts: [ai.acme.example]\n`,
    );
    const service = await startService(t, { folder, configuration: `recognise:\n  agents: ${entries}\n` });
    const port = await closingServer(t);
    writeFileSync(helper, `${GREETS}\nsys.stdin.readline()\nopen(sys.argv[3], 'w')\n`);
    const after = join(folder, 'after');
    const acme = spawn('python3', [helper, String(port), 'ai.acme.example', after], {
      stdio: ['pipe', 'inherit', 'inherit'],
    });
    atEnd(t, () => acme.kill('SIGKILL'));
    const started = async () => startsNaming(await eventsIn(service.state), folder)[0]?.attributes;
    let start = await started();
    while (!start) start = await started();
    const ended = once(acme, 'exit');
    acme.stdin.end('go\n');
    assert.deepEqual(await ended, [0, null]);
    await service.stop();
    assert.equal(start['gen_ai.agent.name'], 'acme');
    assert.equal(start['process.pid'], acme.pid);
    assert.equal(start['spoor.session.basis'], 'inferred');
    assert.match(start['spoor.session.evidence'], /unseen/);
    assert.ok(start['spoor.agent.evidence'].includes('own_host (verified): ai.acme.example'));
    const events = await eventsIn(service.state);
    const [told] = candidates(events);
    assert.equal(told?.attributes['gen_ai.agent.name'], 'acme');
    assert.equal(told?.attributes['spoor.agent.band'], 'medium');
    const wrote = events.find(({ attributes }) => attributes['file.path'] === after)?.attributes;
    assert.equal(wrote?.['session.id'], start['session.id']);
  },
);
