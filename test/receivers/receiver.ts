/** The receivers of otlp_grpc.py and otlp_http.py as an object: starts it, collects what it printed, tells it how to behave. */

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { CHECKOUT } from '../checkout.ts';

/** Debian's own: python3-grpcio is built for it, and another python3 may come first in PATH. */
const PYTHON = '/usr/bin/python3';

export type Plain = string | number | boolean | null | Plain[] | { [name: string]: Plain };

interface Received {
  readonly trace_id: string;
  readonly span_id: string;
  readonly attributes: Readonly<Record<string, Plain>>;
  readonly resource: Readonly<Record<string, Plain>>;
  readonly scope: {
    readonly name: string;
    readonly version: string;
    readonly attributes: Readonly<Record<string, Plain>>;
    readonly schema_url: string;
  };
}

export interface ReceivedLog extends Received {
  readonly kind: 'log';
  readonly event_name: string;
  /** Unix epoch nanoseconds, decimal. */
  readonly time_unix_nano: string;
  readonly observed_time_unix_nano: string;
  readonly severity_number: number;
  readonly severity_text: string;
  readonly flags: number;
  readonly body: Plain;
  readonly dropped_attributes_count: number;
}

export interface ReceivedSpan extends Received {
  readonly kind: 'span';
  readonly name: string;
  readonly parent_span_id: string;
  readonly span_kind: number;
  readonly start_time_unix_nano: string;
  readonly end_time_unix_nano: string;
  readonly status_code: number;
  readonly status_message: string;
  readonly events: readonly { readonly name: string; readonly time_unix_nano: string }[];
  readonly links: readonly { readonly trace_id: string; readonly span_id: string }[];
}

/** One data point. */
export interface ReceivedMetric extends Omit<Received, 'trace_id' | 'span_id'> {
  readonly kind: 'metric';
  readonly name: string;
  readonly unit: string;
  readonly data: 'gauge' | 'sum';
  /** Of sums. */
  readonly monotonic: boolean;
  /** Of sums: 1 delta, 2 cumulative. */
  readonly temporality: number;
  readonly start_time_unix_nano: string;
  readonly time_unix_nano: string;
  readonly value: number;
}

export interface ReceivedRequest {
  readonly kind: 'request';
  readonly service: 'logs' | 'traces' | 'metrics';
  readonly records: number;
  readonly bytes: number;
  /** OK, PARTIAL, NONSENSE, HUNG, TOO_SLOW, or the gRPC or HTTP status it was refused with. */
  readonly answer: string;
  /** Of requests by HTTP. */
  readonly encoding?: 'protobuf' | 'json';
  readonly compression?: 'none' | 'gzip';
}

type Line =
  | ReceivedLog
  | ReceivedSpan
  | ReceivedMetric
  | ReceivedRequest
  | { readonly kind: 'taken'; readonly uids: readonly string[]; readonly indices: readonly (number | null)[] }
  | { readonly kind: 'broken'; readonly cause: string }
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'behaviour'; readonly service: string; readonly behaviour: string };

export type Service = 'logs' | 'traces' | 'metrics' | 'all';
export type Behaviour = Steady | 'hang' | `once ${Steady}`;
type Steady =
  | 'ok'
  | 'nonsense'
  | `partial ${number}`
  | `slow ${number}`
  | `limit ${number}`
  | `poison ${string}`
  | `token ${string}`
  | `redirect ${string}`
  | `refuse ${string}`
  | `refuse ${string} ${number}`;

export interface ReceiverOptions {
  /** Folder for the raw bytes (`requests.bin`) and the OTLP/JSON export (`export.jsonl`). */
  readonly folder: string;
  /** 0 or absent: any free port. */
  readonly port?: number;
  readonly carrier?: 'grpc' | 'http';
  readonly tls?: ReceiverTls;
  /** Of each record only uid and index are told, in \`taken\`; for more records than fit the memory of a test. */
  readonly detail?: 'all' | 'brief';
}

/** Paths of PEM files. */
export interface ReceiverTls {
  readonly certificate: string;
  readonly key: string;
  /** Wants a client certificate of this authority. */
  readonly clientCa?: string;
  /** And that every record's host.id is the host the certificate was issued to. */
  readonly bindHost?: true;
}

export interface Receiver {
  readonly port: number;
  /** What `spoor run --otlp` takes. */
  readonly url: string;
  /** Bytes of every request, taken or refused. */
  readonly rawFile: string;
  /** Every logs request that was taken, one OTLP/JSON object a line. */
  readonly exportFile: string;
  readonly logs: readonly ReceivedLog[];
  readonly spans: readonly ReceivedSpan[];
  readonly metrics: readonly ReceivedMetric[];
  /** With detail 'brief': records in the order they came; checkpoints and hashes have no index. */
  readonly taken: readonly { readonly uid: string; readonly index: number | null }[];
  readonly requests: readonly ReceivedRequest[];
  /** Why connections broke, in the words of the receiver's TLS; by HTTP only. */
  readonly broken: readonly string[];
  /** Resolves when the receiver has taken the instruction. */
  tell(service: Service, behaviour: Behaviour): Promise<void>;
  /** Resolves when what the receiver had printed by now is read: a sender can have its answer before that. */
  caughtUp(): Promise<void>;
  /** Resolves as soon as `holds` does; looks again after each line. Rejects when the receiver ends first. */
  until(holds: () => boolean): Promise<void>;
  stop(): Promise<void>;
}

/** @throws Error when the receiver ends before it listens; its own words are on stderr */
export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  const rawFile = join(options.folder, 'requests.bin');
  const exportFile = join(options.folder, 'export.jsonl');
  const { carrier = 'grpc', tls, detail } = options;
  const script = join(CHECKOUT, `test/receivers/otlp_${carrier}.py`);
  const files = detail === 'brief' ? ['--brief'] : ['--raw', rawFile, '--otlp-json', exportFile];
  const from = ['--proto', join(CHECKOUT, 'schemas/otlp.proto'), '--port', String(options.port ?? 0)];
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(
    PYTHON,
    [script, ...from, ...files, ...tlsArguments(tls)],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  // 'close', not 'exit': by then every line it printed has been read.
  const closed = once(child, 'close');

  const logs: ReceivedLog[] = [];
  const spans: ReceivedSpan[] = [];
  const metrics: ReceivedMetric[] = [];
  const requests: ReceivedRequest[] = [];
  const broken: string[] = [];
  const taken: { uid: string; index: number | null }[] = [];
  let port: number | undefined;
  let behavioursTaken = 0;
  let behavioursTold = 0;
  let ended = false;
  const waiting = new Set<() => void>();

  function lookAgain(): void {
    for (const look of [...waiting]) look();
  }

  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as Line;
    if (line.kind === 'log') logs.push(line);
    else if (line.kind === 'span') spans.push(line);
    else if (line.kind === 'metric') metrics.push(line);
    else if (line.kind === 'request') requests.push(line);
    else if (line.kind === 'taken')
      for (const [i, uid] of line.uids.entries()) taken.push({ uid, index: line.indices[i] ?? null });
    else if (line.kind === 'broken') broken.push(line.cause);
    else if (line.kind === 'listening') port = line.port;
    else behavioursTaken++;
    lookAgain();
  });
  void closed.then(() => {
    ended = true;
    lookAgain();
  });

  function until(holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      function look(): void {
        if (holds()) {
          waiting.delete(look);
          resolve();
        } else if (ended) {
          waiting.delete(look);
          reject(new Error(`the receiver ended (code ${child.exitCode}) before what was waited for`));
        }
      }
      waiting.add(look);
      look();
    });
  }

  async function instruct(line: string): Promise<void> {
    const number = ++behavioursTold;
    child.stdin.write(`${line}\n`);
    await until(() => behavioursTaken >= number);
  }

  await until(() => port !== undefined);
  const listening = port as number;
  return {
    port: listening,
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${listening}`,
    rawFile,
    exportFile,
    logs,
    spans,
    metrics,
    taken,
    requests,
    broken,
    until,
    tell: (service, behaviour) => instruct(`${service} ${behaviour}`),
    caughtUp: () => instruct('none'),
    async stop() {
      child.stdin.end();
      await closed;
    },
  };
}

function tlsArguments(tls: ReceiverTls | undefined): string[] {
  if (!tls) return [];
  return [
    ...['--certificate', tls.certificate, '--key', tls.key],
    ...(tls.clientCa === undefined ? [] : ['--client-ca', tls.clientCa]),
    ...(tls.bindHost ? ['--bind-host'] : []),
  ];
}
