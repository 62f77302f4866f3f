/** `spoor run`: one session under watch, from before COMMAND's first instruction until it returns. */

import { launcherPath } from '../../sensors/linux/native.ts';
import { openLinuxSensor } from '../../sensors/linux/sensor.ts';
import { recordTo } from '../../sensors/replay/record.ts';
import type { Sensor } from '../../sensors/sensor.ts';
import { createUserNames } from '../attribute/users.ts';
import { createBuiltinDetect } from '../detect/builtin.ts';
import type { Detect } from '../detect/detect.ts';
import { keepMemory, type Memory } from '../detect/memory.ts';
import { prepare } from '../detect/prepare.ts';
import { createPipeline, type Pipeline } from '../pipeline.ts';
import { ownCatalogue } from '../recognise/catalogue-file.ts';
import { describePerson } from '../recognise/describe.ts';
import { createPersonReader } from '../recognise/person/person.ts';
import { createProcReader } from '../recognise/person/proc.ts';
import { openHostKey } from '../seal/hostkey.ts';
import { openSeal, type Seal } from '../seal/seal.ts';
import { healthOf, tellThrough } from '../service/receivers.ts';
import { identifyAgent } from '../session/agent.ts';
import type { AgentIdentity } from '../session/session.ts';
import type { Summary } from '../session/summary.ts';
import { destinationFromEnvironment } from '../ship/environment.ts';
import { describeResource, hostId } from '../ship/resource.ts';
import type { LogShipper } from '../ship/shipper.ts';
import type { Traces } from '../traces/traces.ts';
import { findCommand } from './command-path.ts';
import { type Launched, launch } from './launch.ts';
import { reportJson } from './report-json.ts';
import { reportText } from './report-text.ts';
import { runBeside, serviceBeside } from './run-beside.ts';
import type { RunOptions } from './run-options.ts';
import { openState, type StateFolder } from './state.ts';
import { type Paint, paint, printable, wantsColour, writeAll } from './terminal.ts';
import { version } from './version.ts';

/** At the end, for the receiver. What it has not taken by then stays in the log and goes with the next run. */
const RECEIVER_PATIENCE_MS = 10_000;
/** Each run watches one session with kernel maps of its own, so one tag is enough. */
const TAG = 1;
const STDERR = 2;

interface Watch {
  readonly state: StateFolder;
  readonly sensor: Sensor;
  readonly seal: Seal;
  readonly receiver: Receiver | undefined;
  readonly detect: Detect;
  readonly pipeline: Pipeline;
  /** What rules remember of past sessions, for those to come. */
  readonly memory: Memory;
  /** What went wrong so far, a line each. */
  readonly troubles: string[];
}

/** What serves the receiver: the log as it is, and sessions as traces. */
interface Receiver {
  readonly shipper: LogShipper;
  readonly traces: Traces;
}

/** @returns COMMAND's exit code, or 128 and the number of the signal that ended it */
export async function run(command: readonly string[], options: RunOptions): Promise<number> {
  const agent = identifyAgent(findCommand(command[0] ?? ''), ownCatalogue());
  const service = await serviceBeside(options.state);
  if (service) return runBeside(service, command, agent, options);
  const watch = await open(options, agent);
  let launched: Launched;
  try {
    launched = await launch(launcherPath(), command);
    const person = createPersonReader({ proc: createProcReader(), userName: createUserNames() })(
      launched.pid,
    );
    watch.pipeline.plan({
      tag: TAG,
      startedBy: 'run',
      agent,
      launcherPid: launched.pid,
      ...(person && { about: describePerson(person) }),
    });
    watch.sensor.tag(launched.pid, TAG);
  } catch (error) {
    await close(watch);
    throw error;
  }
  launched.release();
  // Not before the command: who types it should not wait for what only a hostile event would need.
  const preparing = new AbortController();
  void prepare(watch.detect, preparing.signal);
  const exitCode = await launched.ended;
  preparing.abort();
  const hurry = new Promise<void>((resolve) => launched.onSignal(() => resolve()));
  const ending = await end(watch, exitCode, hurry);
  writeAll(STDERR, endingText(ending, watch.state, options));
  return exitCode;
}

async function open(options: RunOptions, agent: AgentIdentity): Promise<Watch> {
  const detect = await createBuiltinDetect(options.state);
  // First, so that a host that cannot be watched is left as it was.
  const linux = openLinuxSensor();
  const state = openState(options.state);
  const hostKey = openHostKey(state.keyDirectory);
  const sensor = options.record === undefined ? linux : recordTo(options.record, linux, agent);
  let receiver: Receiver | undefined;
  const seal = await openSeal({
    directory: state.logDirectory,
    hostKey,
    hostId: hostId(),
    shipped: options.otlp === undefined ? undefined : () => receiver?.shipper.status().next ?? 0,
  });
  try {
    receiver = options.otlp === undefined ? undefined : await openReceiver(options.otlp, state, seal);
    const traces = receiver?.traces;
    const troubles: string[] = [];
    const memory = keepMemory(
      state.directory,
      () => detect,
      (problem) => troubles.push(problem),
    );
    const pipeline = createPipeline({
      sensor,
      detect,
      detectHealth: detect.health,
      shipHealth: () => (receiver ? healthOf([receiver.shipper]) : {}),
      seal: (batch) => seal.append(batch),
      watchers: traces ? [(batch) => traces.watch(batch)] : [],
      handoverDirectory: state.handoverDirectory,
    });
    seal.onGap((gaps) => pipeline.judge(gaps));
    pipeline.start();
    return { state, sensor, seal, receiver, detect, pipeline, memory, troubles };
  } catch (error) {
    // Closed in order, so that the next run does not find an interrupted log.
    await seal.close();
    await receiver?.shipper.stop();
    receiver?.traces.stop();
    throw error;
  }
}

async function openReceiver(url: string, state: StateFolder, seal: Seal): Promise<Receiver> {
  const resource = describeResource({ version, keyId: seal.verifierKey.keyId });
  // gRPC and OpenTelemetry's packages take 0.1 s to load, which nobody should pay who ships nothing.
  const { createShipThread } = await import('../ship/ship-thread.ts');
  const { createTraces } = await import('../traces/traces.ts');
  const destination = destinationFromEnvironment(url);
  const shipper = createShipThread({
    logDirectory: state.logDirectory,
    positionsDirectory: state.shipDirectory,
    destination,
    resource,
    tell: tellThrough(seal),
  });
  const traces = createTraces({
    destination,
    logDirectory: state.logDirectory,
    notesDirectory: state.shipDirectory,
    resource,
    version,
    logSize: () => seal.size,
  });
  seal.onGrow((durable) => shipper.grown(durable));
  shipper.start();
  await traces.payDebts();
  return { shipper, traces };
}

/** Ends a watch whose COMMAND never began. */
async function close({ pipeline, seal, receiver, memory }: Watch): Promise<void> {
  await pipeline.stop();
  memory.stop();
  await receiver?.shipper.quiet();
  await seal.close();
  await receiver?.shipper.stop();
  receiver?.traces.stop();
}

interface Ending {
  readonly summary: Summary | undefined;
  /** What went wrong with the watch, a line each. */
  readonly troubles: readonly string[];
  /** How the receiver was served; undefined without one. */
  readonly delivery: string | undefined;
}

/** COMMAND has ended: nothing here may change its exit code, so what goes wrong is told and not thrown. */
async function end(watch: Watch, exitCode: number, hurry: Promise<void>): Promise<Ending> {
  const { sensor, pipeline, seal, receiver, memory, troubles } = watch;
  const timeNs = BigInt(Date.now()) * 1_000_000n;
  let summary: Summary | undefined;
  try {
    await pipeline.flush();
    const remainingPids = sensor.members(TAG).map(({ pid }) => pid);
    summary = pipeline.endSession(TAG, { timeNs, exitCode, remainingPids });
    await pipeline.stop();
  } catch (error) {
    troubles.push(`the watch ended early: ${messageOf(error)}`);
  }
  memory.stop();
  troubles.push(...pipeline.refused());
  await receiver?.shipper.quiet();
  try {
    await seal.close();
  } catch (error) {
    troubles.push(`the log could not be closed: ${messageOf(error)}`);
  }
  if (seal.shed > 0)
    troubles.push(
      `${seal.shed} events were not recorded, since the disk took nothing; the log states them by kind`,
    );
  const delivery = receiver && (await deliver(receiver, hurry));
  return { summary, troubles, delivery };
}

/** @param hurry the user wants to wait no longer */
async function deliver({ shipper, traces }: Receiver, hurry: Promise<void>): Promise<string> {
  const { destination } = shipper.status();
  const interrupted = hurry.then(() => undefined);
  const [logs, spans] = await Promise.all([
    Promise.race([shipper.flush(RECEIVER_PATIENCE_MS), interrupted]),
    Promise.race([traces.flush(RECEIVER_PATIENCE_MS), interrupted]),
  ]);
  const { lagRecords, trouble, rejectedRecords, rejection } = shipper.status();
  traces.stop();
  await shipper.stop();
  const undelivered: string[] = [];
  if (!logs?.delivered)
    undelivered.push(`${lagRecords} records (${logs?.cause || trouble || 'interrupted'})`);
  if (spans !== '') undelivered.push(`the trace (${spans ?? 'interrupted'})`);
  // They arrived and were refused for good: sending them again would change nothing (OTLP, partial success).
  const refused =
    rejectedRecords === 0
      ? ''
      : `; ${rejectedRecords} records rejected by it (${rejection || 'no reason given'})`;
  if (undelivered.length === 0) return `all delivered to ${destination}${refused}`;
  return `not delivered to ${destination}: ${undelivered.join(', ')}; the next run with --otlp ${destination} sends it${refused}`;
}

function endingText(ending: Ending, state: StateFolder, options: RunOptions): string {
  const { summary, troubles, delivery } = ending;
  if (options.report === 'json') {
    return `${summary ? reportJson(summary) : 'null'}\n${troubles.map((line) => `spoor: ${printable(line)}\n`).join('')}`;
  }
  const colours: Paint = paint(wantsColour(STDERR) ? 'colour' : 'plain');
  const lines = [
    summary ? reportText(summary, colours, troubles).trimEnd() : 'spoor: no program of the session was seen',
  ];
  if (delivery) lines.push(`  receiver   ${printable(delivery)}`);
  lines.push(`  log        ${printable(state.logDirectory)}  (spoor verify${stateOption(state)})`);
  for (const trouble of troubles) lines.push(colours.red(`  trouble    ${printable(trouble)}`));
  return `\n${lines.join('\n')}\n`;
}

function stateOption(state: StateFolder): string {
  return state.directory === '/var/lib/spoor' ? '' : ` --state ${printable(state.directory)}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
