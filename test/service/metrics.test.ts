/** What a service measures of itself: as Prometheus' own client library and an OTLP receiver read it. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { METRICS, type MetricName } from '../../schemas/generated/registry.ts';
import { emptyFolder } from '../at-end.ts';
import type { ReceivedMetric, Receiver } from '../receivers/receiver.ts';
import { receiverFor } from '../receivers/shipped-log.ts';
import { needsRoot, spoor } from '../system/spoor.ts';
import { startService } from './running.ts';
import { scrape } from './scrape.ts';

const CANARY = 'canary-5d1f0c88ab';
/** Debian's own, which has python3-prometheus-client. */
const PYTHON = '/usr/bin/python3';
const PARSES = `
import json, sys
from prometheus_client.parser import text_string_to_metric_families
print(json.dumps([[f.type, s.name, s.labels, s.value] for f in text_string_to_metric_families(sys.stdin.read()) for s in f.samples]))
`;

interface Scraped {
  readonly type: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

function parsed(text: string): Scraped[] {
  const { status, stdout, stderr } = spawnSync(PYTHON, ['-c', PARSES], { input: text, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout).map(
    ([type, name, labels, value]: [string, string, Record<string, string>, number]) => ({
      type,
      name,
      labels,
      value,
    }),
  );
}

/** CPU time of a process in seconds, user and system, as the kernel counts it. */
function cpuSeconds(pid: number): { user: number; system: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return { user: Number(fields[11]) / 100, system: Number(fields[12]) / 100 };
}

function points(receiver: Receiver, name: MetricName): ReceivedMetric[] {
  return receiver.metrics.filter((metric) => metric.name === name);
}

test(
  "what is scraped is read by Prometheus' own library and says what status and the kernel say",
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const receiver = await receiverFor(t);
    const service = await startService(t, {
      folder,
      configuration: `ship: [{ endpoint: "${receiver.url}" }]\n`,
    });
    const before = cpuSeconds(service.pid);
    const samples = parsed(await scrape(service.runtime));
    const after = cpuSeconds(service.pid);
    const json = await spoor(['status', '--state', service.state, '--json']);
    const status = JSON.parse(json.stdout.toString());

    const names = new Set(samples.map(({ name }) => name));
    const silent = Object.keys(METRICS).filter((name) => !names.has(METRICS[name as MetricName].prometheus));
    assert.deepEqual(silent, Object.keys(status.sensor.lost).length > 0 ? [] : ['spoor.sensor.lost']);
    const valueIn = (name: string, labels: Readonly<Record<string, string>> = {}): number => {
      const found = samples.find(
        (sample) =>
          sample.name === name &&
          Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
      );
      assert.ok(found, `${name} ${JSON.stringify(labels)}`);
      return found.value;
    };
    assert.equal(
      valueIn('target_info', { service_name: 'spoor', service_version: status.service.version }),
      1,
    );
    assert.equal(valueIn('spoor_sensor_watch', { spoor_sensor_tier: status.sensor.tier }), 1);
    assert.equal(valueIn('spoor_ship_failing', { spoor_ship_destination: receiver.url }), 0);
    assert.equal(valueIn('spoor_sessions'), 0);
    assert.ok(valueIn('spoor_log_records') > 0 && valueIn('spoor_log_records') <= status.log.records);
    // The kernel counts in hundredths of a second.
    for (const mode of ['user', 'system'] as const) {
      const told = valueIn('process_cpu_time_seconds_total', { cpu_mode: mode });
      assert.ok(told >= before[mode] - 0.02 && told <= after[mode] + 0.02, `${mode}: ${told}`);
    }
    for (const { type, name } of samples)
      assert.equal(type, name.endsWith('_total') ? 'counter' : 'gauge', name);
    assert.equal(await service.stop(), 0);
  },
);

test(
  'each receiver of the log gets the same figures over its own protocol, with its own headers, again and again',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const token = join(folder, 'token');
    writeFileSync(token, `${CANARY}\n`, { mode: 0o600 });
    const byGrpc = await receiverFor(t);
    const byProtobuf = await receiverFor(t, { carrier: 'http' });
    const byJson = await receiverFor(t, { carrier: 'http' });
    const receivers = [byGrpc, byProtobuf, byJson];
    for (const receiver of receivers) await receiver.tell('all', `token ${CANARY}`);
    const headers = `headers: { authorization: { file: ${token}, prefix: "Bearer " } }`;
    const service = await startService(t, {
      folder,
      configuration: `log_level: debug
metrics: { interval: 1 s }
ship:
  - { endpoint: "${byGrpc.url}", ${headers} }
  - { endpoint: "${byProtobuf.url}", protocol: http/protobuf, compression: gzip, ${headers} }
  - { endpoint: "${byJson.url}", protocol: http/json, ${headers} }
`,
    });
    for (const receiver of receivers)
      await receiver.until(() => points(receiver, 'process.uptime').length >= 3);
    const used = cpuSeconds(service.pid);
    for (const receiver of receivers) {
      for (const point of receiver.metrics) {
        const { instrument, unit, attributes } = METRICS[point.name as MetricName];
        assert.equal(point.unit, unit, point.name);
        assert.equal(point.data, instrument === 'gauge' ? 'gauge' : 'sum', point.name);
        assert.equal(point.monotonic, instrument === 'counter', point.name);
        if (point.data === 'sum') assert.equal(point.temporality, 2, point.name);
        assert.deepEqual(Object.keys(point.attributes).sort(), [...attributes].sort(), point.name);
        assert.equal(point.resource['service.name'], 'spoor');
        assert.match(String(point.resource['host.id']), /./);
      }
      const uptimes = points(receiver, 'process.uptime').map(({ value }) => value);
      assert.deepEqual(
        uptimes,
        [...uptimes].sort((a, b) => a - b),
      );
      const cpu = points(receiver, 'process.cpu.time').filter(
        ({ attributes }) => attributes['cpu.mode'] === 'user',
      );
      assert.ok(cpu.every(({ value }) => value > 0 && value <= used.user + 0.02));
      assert.ok(
        points(receiver, 'spoor.events').some(
          ({ attributes }) => attributes['spoor.event.name'] === 'sensor.coverage',
        ),
      );
    }
    assert.ok(byJson.requests.some(({ service: to, encoding }) => to === 'metrics' && encoding === 'json'));
    assert.ok(
      byProtobuf.requests.some(({ service: to, compression }) => to === 'metrics' && compression === 'gzip'),
    );
    assert.equal(await service.stop(), 0);
    assert.doesNotMatch(JSON.stringify(service.said), new RegExp(CANARY));
    assert.deepEqual(
      service.said.filter(({ message }) => message.includes('metrics')),
      [],
    );
  },
);

test(
  'a receiver that takes no metrics is asked once and told of; one that refuses is asked again, and neither learns a token',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const logsOnly = await receiverFor(t);
    const refusing = await receiverFor(t);
    await logsOnly.tell('metrics', 'refuse UNIMPLEMENTED');
    await refusing.tell('metrics', 'refuse UNAVAILABLE');
    const service = await startService(t, {
      folder,
      configuration: `metrics: { interval: 1 s }\nship: [{ endpoint: "${logsOnly.url}" }, { endpoint: "${refusing.url}" }]\n`,
    });
    const asked = (receiver: Receiver) =>
      receiver.requests.filter(({ service: to }) => to === 'metrics').length;
    await refusing.until(() => asked(refusing) >= 4);
    assert.equal(asked(logsOnly), 1);
    await refusing.tell('metrics', 'ok');
    await refusing.until(() => refusing.metrics.length > 0);
    assert.equal(await service.stop(), 0);
    const told = service.said.filter(({ message }) => message === 'metrics could not be delivered');
    assert.deepEqual(
      told.map(({ destination, cause }) => [destination, cause]).sort(),
      [
        [logsOnly.url, 'the receiver takes no metrics; it is not asked again before the next start'],
        [refusing.url, 'UNAVAILABLE: told to refuse'],
      ].sort(),
    );
  },
);

test('a receiver that hangs does not keep a service from stopping', needsRoot, async (t) => {
  const folder = emptyFolder(t);
  const hanging = await receiverFor(t);
  await hanging.tell('metrics', 'hang');
  const service = await startService(t, {
    folder,
    configuration: `metrics: { interval: 1 s }\nship: [{ endpoint: "${hanging.url}", timeout: 600 s }]\n`,
  });
  await hanging.until(() => hanging.logs.length > 0);
  assert.equal(await service.stop(), 0);
});
