/**
 * Secrets that are known by their shape alone, wherever they stand.
 *
 * Every pattern begins with letters of its own after a boundary and fails within a bounded number of characters, or
 * takes all it has read: hostile text cannot make the search quadratic. Keep it so when adding one.
 */

import type { Span } from './span.ts';

const PATTERNS = [
  // GitHub, GitLab, Bitbucket, Atlassian
  'gh[pousr]_[A-Za-z0-9]{20,}',
  'github_pat_[A-Za-z0-9_]{22,}',
  'gl(?:pat|ptt|rt|dt|cbt|soat|imt|ft|agent|oas|ffct)-[A-Za-z0-9_.-]{16,}',
  'AT(?:ATT|BB|CTT)[A-Za-z0-9_=-]{16,}',
  // model providers: OpenAI, Anthropic (sk-), Groq, Perplexity, xAI, Replicate, Hugging Face, Google
  'sk-(?=[A-Za-z_-]{0,48}[0-9])[A-Za-z0-9_-]{16,}',
  'gsk_[A-Za-z0-9]{20,}',
  'pplx-[A-Za-z0-9]{20,}',
  'xai-[A-Za-z0-9]{20,}',
  'r8_[A-Za-z0-9]{20,}',
  'hf_[A-Za-z0-9]{20,}',
  'AIza[A-Za-z0-9_-]{30,}',
  'ya29\\.[A-Za-z0-9_-]{16,}',
  'GOCSPX-[A-Za-z0-9_-]{16,}',
  // clouds: AWS key ids, DigitalOcean, Databricks, Hashicorp, Doppler, Fly, Tailscale, Pulumi, Cloudflare
  '(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}',
  'do[opr]_v1_[a-f0-9]{32,}',
  'dapi[a-f0-9]{32}',
  'hv[sbr]\\.[A-Za-z0-9_-]{20,}',
  'atlasv1\\.[A-Za-z0-9_-]{20,}',
  'dp\\.(?:pt|st|ct|sa|scim|audit)\\.[A-Za-z0-9._-]{20,}',
  'fo1_[A-Za-z0-9_-]{20,}',
  'FlyV1[ _][A-Za-z0-9_,=+/-]{20,}',
  'tskey-[a-z]{2,10}-[A-Za-z0-9-]{10,}',
  'pul-[a-f0-9]{32,}',
  // package registries
  'npm_[A-Za-z0-9]{30,}',
  'pypi-[A-Za-z0-9_-]{30,}',
  'rubygems_[a-f0-9]{32,}',
  'dckr_(?:pat|oat)_[A-Za-z0-9_-]{16,}',
  'oy2[a-z0-9]{43}',
  // chat: Slack, Discord, Telegram, Teams
  'xox[abeoprs]-[A-Za-z0-9-]{10,}',
  'xapp-[0-9]-[A-Za-z0-9-]{10,}',
  'hooks\\.slack\\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]{10,}',
  'discord(?:app)?\\.com/api/(?:v[0-9]{1,2}/)?webhooks/[0-9]{5,25}/[A-Za-z0-9_-]{16,}',
  'bot[0-9]{6,12}:[A-Za-z0-9_-]{30,}',
  '[0-9]{8,10}:AA[A-Za-z0-9_-]{30,}',
  // payments and mail: Stripe, Square, Shopify, SendGrid, Mailgun, Mailchimp, Twilio
  '(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,}',
  'whsec_[A-Za-z0-9+/=]{16,}',
  'sq0[a-z]{3}-[A-Za-z0-9_-]{20,}',
  'shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}',
  'SG\\.[A-Za-z0-9_-]{16,32}\\.[A-Za-z0-9_-]{16,}',
  'key-[a-f0-9]{32}',
  '[a-f0-9]{32}-us[0-9]{1,2}',
  'SK[a-f0-9]{32}',
  // observability and tools: Grafana, New Relic, Sentry, Postman, Linear, Notion, Supabase, Figma, Airtable
  'gl(?:sa|c)_[A-Za-z0-9_=+/-]{20,}',
  'NRAK-[A-Z0-9]{20,}',
  'sntr[yu]s_[A-Za-z0-9_=+/-]{20,}',
  'PMAK-[A-Za-z0-9-]{20,}',
  'lin_(?:api|oauth)_[A-Za-z0-9]{20,}',
  '(?:secret|ntn)_[A-Za-z0-9]{40,}',
  'sb[pv]_[a-f0-9]{32,}',
  'fig[dou]_[A-Za-z0-9_-]{20,}',
  'pat[A-Za-z0-9]{14}\\.[a-f0-9]{64}',
  'AGE-SECRET-KEY-1[0-9A-Z]{30,}',
];

/** A letter or digit before it means the token is only the middle of something else. */
const SHAPES = new RegExp(`(?<![A-Za-z0-9])(?:${PATTERNS.join('|')})`, 'g');
/** RFC 7519: three base64url parts, the first of which is JSON and so begins with {" (eyJ). */
const JWT = /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?/g;
const PEM_BEGIN = '-----BEGIN ';
const PEM_HEADER = /^-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,10}-----/;
const PEM_HEADER_CHARACTERS = 80;

export function findShapes(text: string, spans: Span[]): void {
  for (const match of text.matchAll(SHAPES))
    spans.push({ from: match.index, to: match.index + match[0].length });
  if (text.includes('eyJ')) {
    for (const match of text.matchAll(JWT))
      spans.push({ from: match.index, to: match.index + match[0].length });
  }
  findPrivateKeys(text, spans);
}

/** RFC 7468. What stands between header and footer goes; without a footer, up to the argument's end. */
function findPrivateKeys(text: string, spans: Span[]): void {
  for (let begin = text.indexOf(PEM_BEGIN); begin >= 0; begin = text.indexOf(PEM_BEGIN, begin + 1)) {
    const header = PEM_HEADER.exec(text.slice(begin, begin + PEM_HEADER_CHARACTERS))?.[0];
    if (!header) continue;
    const from = begin + header.length;
    const footer = text.indexOf('-----END ', from);
    const argumentEnd = text.indexOf('\0', from);
    const to = footer >= 0 ? footer : argumentEnd >= 0 ? argumentEnd : text.length;
    if (text.slice(from, to).trim() !== '') spans.push({ from, to });
    begin = to;
  }
}
