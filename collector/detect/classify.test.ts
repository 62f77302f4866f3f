import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownCatalogue } from '../recognise/catalogue-file.ts';
import { createDataClasses } from './data-class.ts';
import { createDestinationTypes, type DestinationType } from './destination.ts';

test('destinations are of the type that people call them', () => {
  const typeOf = createDestinationTypes(ownCatalogue());
  const rows: readonly (readonly [
    name: string | undefined,
    address: string | undefined,
    type: DestinationType | undefined,
  ])[] = [
    ['api.anthropic.com', '160.79.104.10', 'model_api'],
    ['API.OpenAI.com.', undefined, 'model_api'],
    ['bedrock-runtime.eu-west-1.amazonaws.com', undefined, 'model_api'],
    ['my-bucket.s3.amazonaws.com', '52.216.1.1', 'cloud_storage'],
    ['my-bucket.s3.eu-central-1.amazonaws.com', undefined, 'cloud_storage'],
    ['s3.us-west-2.amazonaws.com', undefined, 'cloud_storage'],
    ['my.dotted.bucket.s3.us-east-1.amazonaws.com', undefined, 'cloud_storage'],
    ['acct.blob.core.windows.net', undefined, 'cloud_storage'],
    ['bucket.storage.googleapis.com', undefined, 'cloud_storage'],
    ['ec2.eu-west-1.amazonaws.com', undefined, 'other'],
    ['pastebin.com', undefined, 'paste_site'],
    ['transfer.sh', '144.76.136.153', 'paste_site'],
    ['0x0.st', undefined, 'paste_site'],
    ['notpastebin.com', undefined, 'other'],
    ['webhook.site', undefined, 'callback'],
    ['abc.oast.fun', undefined, 'callback'],
    ['x-1.ngrok-free.app', undefined, 'tunnel'],
    ['random.trycloudflare.com', undefined, 'tunnel'],
    ['api.telegram.org', undefined, 'messaging'],
    ['dns.google', '8.8.8.8', 'dns_over_https'],
    ['abc123.dns.nextdns.io', undefined, 'dns_over_https'],
    ['google', '8.8.8.8', 'other'],
    ['github.com', '140.82.121.4', 'code_host'],
    ['registry.yarnpkg.com', undefined, 'package_registry'],
    ['archive.ubuntu.com', undefined, 'package_registry'],
    ['metadata.google.internal', '169.254.169.254', 'metadata'],
    [undefined, '169.254.169.254', 'metadata'],
    ['db.corp', '10.0.0.5', 'internal'],
    [undefined, '10.255.255.255', 'internal'],
    [undefined, '172.16.0.1', 'internal'],
    [undefined, '172.32.0.1', 'other'],
    [undefined, '192.168.1.1', 'internal'],
    [undefined, 'fd12::1', 'internal'],
    [undefined, '127.0.0.1', 'loopback'],
    [undefined, '::1', 'loopback'],
    [undefined, '::ffff:127.0.0.1', 'loopback'],
    ['localhost', undefined, 'loopback'],
    [undefined, '93.184.216.34', 'other'],
    ['example.org', '93.184.216.34', 'other'],
    ['intranet-alias.example.org', '10.0.0.9', 'internal'],
    [undefined, undefined, undefined],
  ];
  for (const [name, address, type] of rows) assert.equal(typeOf(name, address), type, `${name} ${address}`);
});

test('paths are of the class of what they hold, in any home, and owners are named', () => {
  const classOf = createDataClasses(ownCatalogue());
  const rows: readonly (readonly [path: string, dataClass: string | undefined, owner?: string])[] = [
    ['/root/.aws/credentials', 'credentials'],
    ['/home/ada/.ssh/id_ed25519', 'credentials'],
    ['/home/ada/.ssh/id_ed25519.pub', undefined],
    ['/home/ada/.ssh/known_hosts', undefined],
    ['/home/ada/.ssh/authorized_keys', 'guard'],
    ['/home/ada/.codex/auth.json', 'agent_credentials', 'codex'],
    ['/home/ada/.claude/.credentials.json', 'agent_credentials', 'claude-code'],
    ['/home/ada/.codex/sessions/2026/x.jsonl', 'agent_config', 'codex'],
    ['/home/ada/.codex/config.toml', 'guard'],
    ['/etc/shadow', 'system_secret'],
    ['/proc/123/environ', 'system_secret'],
    ['/srv/project/.env', 'credentials'],
    ['/srv/project/.env.example', undefined],
    ['/home/ada/.bashrc', 'guard'],
    ['/srv/project/.git/hooks/pre-commit', 'guard'],
    ['/srv/project/.git/hooks/pre-commit.sample', undefined],
    ['/home/ada/.config/systemd/user/x.service', 'guard'],
    ['/home/ada/.claude/settings.json', 'guard'],
    ['/srv/project/.mcp.json', 'guard'],
    ['/etc/cron.d/x', 'guard'],
    ['/srv/data/customers.csv', 'records'],
    ['/srv/project/node_modules/x/data.csv', undefined],
    ['/srv/project/src/main.ts', undefined],
    ['/usr/lib/x86_64-linux-gnu/libc.so.6', undefined],
  ];
  for (const [path, dataClass, owner] of rows) {
    const found = classOf(path);
    assert.equal(found?.class, dataClass, path);
    if (owner !== undefined) assert.ok(found?.owners.includes(owner), `${path}: ${found?.owners}`);
  }
});
