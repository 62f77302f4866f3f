/**
 * What the service tells of itself, to whom: answers on the control socket, figures on the metrics socket and over OTLP
 * to the receivers of the log.
 */

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SessionTag } from '../../sensors/event.ts';
import type { Sensor } from '../../sensors/sensor.ts';
import type { StateFolder } from '../cli/state.ts';
import { version } from '../cli/version.ts';
import type { Configuration } from '../configuration/configuration.ts';
import type { Event } from '../event.ts';
import type { Pipeline } from '../pipeline.ts';
import type { Person } from '../recognise/person/person.ts';
import type { Seal } from '../seal/seal.ts';
import type { Summary } from '../session/summary.ts';
import { describeResource } from '../ship/resource.ts';
import type { LogShipper } from '../ship/shipper.ts';
import { type Answer, serveControl } from './control.ts';
import { type Listening, type Peer, Refused } from './entrance.ts';
import { figuresOf } from './figures.ts';
import type { MetricsSender } from './metrics-sender.ts';
import { serveMetrics } from './metrics-socket.ts';
import type { OwnLog } from './own-log.ts';
import { prometheusText } from './prometheus.ts';
import { type Stalls, watchStalls } from './stalls.ts';
import { type ServiceStatus, statusOf } from './status.ts';
import { createUnbegun } from './unbegun.ts';
import { createWatchRequest, type WatchRequest } from './watch-request.ts';
import { createWhoAsks } from './who-asks.ts';

/** Tells `spoor run` where the service of this state folder listens. */
const WHERE = 'service.json';

export interface AnswersNeeds {
  readonly configuration: Pick<Configuration, 'runtime' | 'ship' | 'metrics'>;
  readonly state: StateFolder;
  readonly sensor: Sensor;
  readonly pipeline: Pipeline;
  readonly seal: Seal;
  readonly shippers: readonly LogShipper[];
  readonly log: OwnLog;
  readonly newTag: () => SessionTag;
  readonly personOf: (pid: number) => Person | undefined;
  /** Ends what is empty. */
  readonly look: () => Promise<void>;
  readonly endedSummary: (tag: SessionTag) => Summary | undefined;
  readonly service: () => ServiceStatus['service'];
}

export interface Answers {
  /** Sees events after they were sealed. */
  watch(batch: readonly Event[]): void;
  /** @throws Refused when another service listens in the same folder */
  open(): Promise<void>;
  close(): Promise<void>;
}

export function createAnswers(needs: AnswersNeeds): Answers {
  const {
    configuration,
    state,
    sensor,
    pipeline,
    seal,
    shippers,
    log,
    newTag,
    personOf,
    look,
    endedSummary,
  } = needs;
  const { logDirectory } = state;
  const control = join(configuration.runtime, 'control.sock');
  const resource = describeResource({ version, keyId: seal.verifierKey.keyId });
  const events = new Map<string, number>();
  let stalls: Stalls | undefined;
  const where = join(state.directory, WHERE);
  const sockets: Listening[] = [];
  const senders: MetricsSender[] = [];

  const status = () =>
    statusOf({
      sensor,
      pipeline,
      seal,
      shippers,
      service: needs.service,
      loopDelayMs: () => stalls?.longestMs() ?? 0,
    });
  const watchedIn = createWhoAsks({ sensor, pipeline });
  const figures = () => figuresOf({ status: status(), events, cpu: process.cpuUsage() });

  function answer(
    request: Readonly<Record<string, unknown>>,
    { uid }: Peer,
    watch: WatchRequest,
  ): Promise<Answer> {
    switch (request.ask) {
      case 'watch':
        return Promise.resolve(watch.watch(request));
      case 'ended':
        return watch.ended(request);
      case 'status':
        if (uid !== 0) throw new Refused('only root may ask what is watched; use sudo');
        return Promise.resolve(status() as unknown as Answer);
      default:
        throw new Refused(`"ask" must be one of watch, ended, status`);
    }
  }

  async function openSockets(): Promise<void> {
    const unbegun = createUnbegun({ sensor, pipeline });
    const begin = (peer: Peer) => {
      const request = createWatchRequest(peer, {
        sensor,
        pipeline,
        newTag,
        personOf,
        look,
        endedSummary,
        logDirectory,
        unbegun,
      });
      return {
        ask: (asked: Readonly<Record<string, unknown>>) => answer(asked, peer, request),
        left: () => request.left(),
      };
    };
    const failed = (error: unknown) =>
      log.error({ cause: String(error) }, 'a question could not be answered');
    sockets.push(await serveControl(control, { watchedIn, begin, failed }));
    const text = () => prometheusText(figures(), resource);
    sockets.push(
      await serveMetrics(join(configuration.runtime, 'metrics.sock'), { text, watchedIn, failed }),
    );
    writeFileSync(where, `${JSON.stringify({ control })}\n`, { mode: 0o600 });
  }

  async function openSenders(): Promise<void> {
    const { ship, metrics } = configuration;
    const { intervalMs } = metrics;
    if (ship.length === 0 || intervalMs === undefined) return;
    // OpenTelemetry's packages take memory that nobody should pay who ships nothing.
    const { sendMetrics } = await import('./metrics-sender.ts');
    const failed = (destination: string, cause: string) =>
      log.warn({ destination, cause }, 'metrics could not be delivered');
    for (const destination of ship)
      senders.push(sendMetrics({ destination, resource, version, intervalMs, figures, failed }));
  }

  return {
    watch(batch) {
      for (const { name } of batch) events.set(name, (events.get(name) ?? 0) + 1);
    },
    async open() {
      stalls = watchStalls();
      await openSockets();
      await openSenders();
    },
    async close() {
      stalls?.close();
      for (const socket of sockets) await socket.close();
      await Promise.all(senders.map((sender) => sender.stop()));
      // Removing needs no room on the disk; what is left of it names a socket that nobody answers at.
      rmSync(where, { force: true });
    },
  };
}
