/** What kind of place a connection goes to. */

import { LRUCache } from 'lru-cache';
import type { Catalogue } from '../recognise/catalogue.ts';
import { compileNetwork } from './address.ts';
import { RESOLVER_NAMES } from './resolvers.ts';

/** Destinations remembered with their type. 150 B each; past it the one asked for longest ago is worked out again. */
const MAX_DESTINATIONS = 8_192;

/**
 * metadata: a cloud's instance metadata service. dns_over_https: a known public resolver. callback: services that show who called. other: a public address or
 * name of no known kind.
 */
export type DestinationType =
  | 'loopback'
  | 'metadata'
  | 'dns_over_https'
  | 'internal'
  | 'model_api'
  | 'paste_site'
  | 'callback'
  | 'tunnel'
  | 'messaging'
  | 'cloud_storage'
  | 'code_host'
  | 'package_registry'
  | 'other';

export type DestinationTypeOf = (
  name: string | undefined,
  address: string | undefined,
) => DestinationType | undefined;

/** Names by type; "*." is any name below. The first type that fits is taken. */
const NAMES: readonly (readonly [DestinationType, readonly string[]])[] = [
  ['loopback', ['localhost', '*.localhost']],
  [
    'metadata',
    [
      'metadata.google.internal',
      'metadata.goog',
      'instance-data',
      'instance-data.ec2.internal',
      'metadata.azure.com',
    ],
  ],
  ['dns_over_https', RESOLVER_NAMES],
  [
    'paste_site',
    [
      'pastebin.com',
      '*.pastebin.com',
      'paste.ee',
      'paste.c-net.org',
      'paste.debian.net',
      'paste.ubuntu.com',
      'pastes.io',
      'rentry.co',
      'privatebin.net',
      'controlc.com',
      'justpaste.it',
      'sprunge.us',
      'bashupload.com',
      'temp.sh',
      'oshi.at',
      'catbox.moe',
      '*.catbox.moe',
      'gofile.io',
      '*.gofile.io',
      'anonfiles.com',
      'wetransfer.com',
      'we.tl',
      'send.vis.ee',
      'uguu.se',
      'tmpfiles.org',
      'filebin.net',
      'gist.githubusercontent.com',
      'gist.github.com',
    ],
  ],
  [
    'callback',
    [
      'webhook.site',
      '*.webhook.site',
      'requestbin.com',
      '*.requestbin.com',
      '*.m.pipedream.net',
      '*.oast.pro',
      '*.oast.live',
      '*.oast.site',
      '*.oast.online',
      '*.oast.fun',
      '*.oast.me',
      '*.interact.sh',
      '*.burpcollaborator.net',
      '*.oastify.com',
      '*.requestcatcher.com',
      '*.beeceptor.com',
      '*.dnslog.cn',
      'canarytokens.com',
      '*.canarytokens.com',
    ],
  ],
  [
    'tunnel',
    [
      '*.ngrok.io',
      '*.ngrok.app',
      '*.ngrok-free.app',
      '*.ngrok.dev',
      'tunnel.us.ngrok.com',
      'connect.ngrok-agent.com',
      '*.trycloudflare.com',
      '*.argotunnel.com',
      '*.loca.lt',
      'localhost.run',
      '*.lhr.life',
      'serveo.net',
      '*.serveo.net',
      '*.pinggy.io',
      '*.bore.pub',
      'bore.pub',
      '*.devtunnels.ms',
      '*.tunnel.dev',
      '*.onion',
    ],
  ],
  [
    'messaging',
    [
      'api.telegram.org',
      'discord.com',
      'discordapp.com',
      'hooks.slack.com',
      'files.slack.com',
      'slack.com',
      '*.webhook.office.com',
      'graph.facebook.com',
      'api.twilio.com',
      'smtp.gmail.com',
      'smtp.sendgrid.net',
      'api.sendgrid.com',
      'api.mailgun.net',
    ],
  ],
  [
    'cloud_storage',
    [
      's3.amazonaws.com',
      '*.s3.amazonaws.com',
      's3.*.amazonaws.com',
      '*.s3.*.amazonaws.com',
      's3-*.amazonaws.com',
      '*.s3-*.amazonaws.com',
      '*.s3-accelerate.amazonaws.com',
      'storage.googleapis.com',
      '*.storage.googleapis.com',
      'storage.cloud.google.com',
      '*.blob.core.windows.net',
      '*.file.core.windows.net',
      '*.dfs.core.windows.net',
      '*.r2.cloudflarestorage.com',
      '*.r2.dev',
      '*.digitaloceanspaces.com',
      '*.backblazeb2.com',
      '*.wasabisys.com',
      '*.linodeobjects.com',
      'content.dropboxapi.com',
      'api.dropboxapi.com',
      'dropbox.com',
      '*.dropbox.com',
      'drive.google.com',
      'content.googleapis.com',
      'api.box.com',
      'upload.box.com',
      'graph.microsoft.com',
      '*.sharepoint.com',
      'onedrive.live.com',
      'mega.nz',
      '*.mega.co.nz',
    ],
  ],
  [
    'package_registry',
    [
      '*.npmjs.org',
      'registry.yarnpkg.com',
      'npm.pkg.github.com',
      'pypi.org',
      'files.pythonhosted.org',
      'test.pypi.org',
      'crates.io',
      'static.crates.io',
      'index.crates.io',
      'proxy.golang.org',
      'sum.golang.org',
      'rubygems.org',
      'index.rubygems.org',
      'repo.maven.apache.org',
      'repo1.maven.org',
      'plugins.gradle.org',
      'registry-1.docker.io',
      'auth.docker.io',
      'production.cloudflare.docker.com',
      'ghcr.io',
      'quay.io',
      '*.debian.org',
      '*.ubuntu.com',
      'dl-cdn.alpinelinux.org',
      'conda.anaconda.org',
      'repo.anaconda.com',
      'jsr.io',
      'deno.land',
      'packagist.org',
      'api.nuget.org',
    ],
  ],
  [
    'code_host',
    [
      'github.com',
      'api.github.com',
      'ssh.github.com',
      '*.github.com',
      'raw.githubusercontent.com',
      'codeload.github.com',
      'objects.githubusercontent.com',
      'gitlab.com',
      '*.gitlab.com',
      'bitbucket.org',
      '*.bitbucket.org',
      'codeberg.org',
      'git.sr.ht',
      'dev.azure.com',
      'ssh.dev.azure.com',
      '*.visualstudio.com',
      'sourceforge.net',
    ],
  ],
  [
    'internal',
    ['*.internal', '*.local', '*.lan', '*.corp', '*.home.arpa', '*.intranet', '*.svc.cluster.local'],
  ],
];

const METADATA = ['169.254.169.254/32', '169.254.170.2/32', '100.100.100.200/32', 'fd00:ec2::254/128'];
const LOOPBACK = ['127.0.0.0/8', '::1/128'];
/** Private, shared, link-local and unique local addresses (RFC 1918, 6598, 3927, 4193, 4291). */
const INTERNAL = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '169.254.0.0/16',
  'fc00::/7',
  'fe80::/10',
];

/**
 * @returns a function of name and address of the other end; a name says more than an address, so it is asked first.
 *   Undefined where neither is known.
 */
export function createDestinationTypes(catalogue: Catalogue): DestinationTypeOf {
  const byName = NAMES.map(([type, names]) => [type, nameMatcher(names)] as const);
  const byAddress: readonly (readonly [DestinationType, (text: string) => boolean])[] = [
    ['metadata', anyOf(METADATA)],
    ['loopback', anyOf(LOOPBACK)],
    ['internal', anyOf(INTERNAL)],
  ];
  const known = new LRUCache<string, DestinationType>({ max: MAX_DESTINATIONS });

  function ofName(name: string): DestinationType | undefined {
    if (catalogue.isModelHost(name)) return 'model_api';
    if (catalogue.isDropHost(name)) return 'paste_site';
    return byName.find(([, matches]) => matches(name))?.[0];
  }

  function classify(name: string | undefined, address: string | undefined): DestinationType {
    const named = name === undefined ? undefined : ofName(name);
    if (named) return named;
    if (address !== undefined) return byAddress.find(([, matches]) => matches(address))?.[0] ?? 'other';
    return 'other';
  }

  return (name, address) => {
    if (name === undefined && address === undefined) return undefined;
    const plain = name?.toLowerCase().replace(/\.$/, '');
    const key = `${plain ?? ''} ${address ?? ''}`;
    let type = known.get(key);
    if (type === undefined) {
      type = classify(plain, address);
      known.set(key, type);
    }
    return type;
  };
}

function nameMatcher(names: readonly string[]): (name: string) => boolean {
  const plain = new Set(names.filter((name) => !name.includes('*')));
  const wild = names
    .filter((name) => name.includes('*'))
    .map(
      (name) =>
        new RegExp(`^${name.replace(/[.]/g, '\\.').replace(/^\*/, '.+').replaceAll('*', '[a-z0-9-]+')}$`),
    );
  return (name) => plain.has(name) || wild.some((pattern) => pattern.test(name));
}

function anyOf(networks: readonly string[]): (text: string) => boolean {
  const tests = networks.map(compileNetwork);
  return (text) => tests.some((test) => test(text));
}
