/**
 * The endpoint service: watches the whole host for AI agents, from the machine's start to its end.
 *
 * Joins what the other files here do: knowledge (who is an agent, what is bad), the finder, sessions and their ends,
 * the sockets, the receivers, the service manager. Its state folder has one writer, itself.
 */

import { mkdirSync, readFileSync } from 'node:fs';
import type { SessionTag } from '../../sensors/event.ts';
import type { Sensor } from '../../sensors/sensor.ts';
import { openState, type StateFolder } from '../cli/state.ts';
import { version } from '../cli/version.ts';
import type { Configuration } from '../configuration/configuration.ts';
import { changesThatWait } from '../configuration/configuration.ts';
import { keepMemory, type Memory } from '../detect/memory.ts';
import { keyOf } from '../detect/ruleset.ts';
import type { Event } from '../event.ts';
import { type Candidates, createCandidates } from '../inventory/candidates.ts';
import { createPipeline, type Pipeline } from '../pipeline.ts';
import type { Catalogue } from '../recognise/catalogue.ts';
import { suspectWords } from '../recognise/suspect-words.ts';
import { openHostKey } from '../seal/hostkey.ts';
import { openSeal, type Seal } from '../seal/seal.ts';
import type { Summary } from '../session/summary.ts';
import { hostId } from '../ship/resource.ts';
import type { Countersigner } from '../witness/countersign.ts';
import { type Answers, createAnswers } from './answers.ts';
import { takeInExisting } from './existing.ts';
import { createFinder, type Finder } from './finder.ts';
import { type GiveBack, giveBackWhenQuiet } from './give-back.ts';
import { guardOurselves } from './guard.ts';
import { createHomes } from './homes.ts';
import { createInventoryWatch, type InventoryWatch } from './inventory-watch.ts';
import { type Knowledge, readKnowledge } from './knowledge.ts';
import type { OwnLog } from './own-log.ts';
import { createProgress, type Progress } from './progress.ts';
import { openReceivers, type Receivers } from './receivers.ts';
import { dropUnknownTags, resumeSessions } from './resume.ts';
import { type RulesWatch, watchRules } from './rules-watch.ts';
import type { ServiceManager } from './service-manager.ts';
import { createSessionKeeper, type SessionKeeper } from './session-keeper.ts';
import { readTold, type Told } from './told.ts';
import { describeWatch, openWatch } from './watch.ts';
import { readWatch, type WatchFile, writeWatch } from './watch-file.ts';
import { openWitnesses } from './witnesses.ts';

/** Summaries of ended sessions that their `spoor run` has not asked for yet. */
const MAX_ENDED = 64;
/** Tags below are given here; those from there on by the kernel (sensors/linux/bpf/records.h). */
const FIRST_TAG_OF_THE_KERNEL = 0x8000_0000;

export interface ServiceOptions {
  readonly configuration: Configuration;
  /** Path of the file; empty when the defaults are in force. */
  readonly file: string;
  /** Reads the file again. @throws BadInput */
  readonly reread: () => Configuration;
  readonly log: OwnLog;
  readonly manager: ServiceManager;
}

export interface Service {
  /** Reads configuration, catalogue, people and rules again; a mistake leaves everything as it was. */
  reload(): Promise<void>;
  /**
   * Ends the service; everything seen is sealed. `keep`: the watch goes on in the kernel, where it is kept, and the next
   * service reads on. `end`: nothing is watched any more.
   */
  stop(watch: 'keep' | 'end'): Promise<void>;
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
}

/** Of rules that can match nothing so many are named; `spoor rules check` names all. */
const UNFED_NAMED = 20;

/** @throws BadInput, SensorError, Failure, LockError: why it cannot begin */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { configuration, log, manager } = options;
  const knowledge = await readKnowledge(configuration, options.file);
  const state = openState(configuration.state);
  const hostKey = openHostKey(state.keyDirectory);
  let receivers: Receivers | undefined;
  const seal = await openSeal({
    directory: state.logDirectory,
    hostKey,
    hostId: hostId(),
    // Until the receivers are opened, nothing is known to be delivered.
    shipped: configuration.ship.length === 0 ? undefined : () => receivers?.delivered() ?? 0,
  });
  try {
    const before = readWatch(state.directory, bootId());
    const sensor = openWatch(configuration, before.lossTold, log);
    const { kept } = sensor;
    const told =
      kept?.found === 'same' ? await readTold(state.logDirectory, kept.markIndex, seal.size) : undefined;
    receivers = await openReceivers(configuration.ship, state, seal);
    const countersigner = openWitnesses(configuration.witness, state, seal);
    const parts = { knowledge, state, seal, sensor, receivers, countersigner, before, told };
    const service = new RunningService(options, parts);
    await service.begin();
    manager.ready();
    return service;
  } catch (error) {
    log.error({ cause: (error as Error).message }, 'the service cannot begin');
    await seal.close();
    throw error;
  }
}

interface Parts {
  readonly knowledge: Knowledge;
  readonly state: StateFolder;
  readonly seal: Seal;
  readonly sensor: Sensor;
  readonly receivers: Receivers;
  readonly countersigner: Countersigner;
  /** What the service before left to be read on. */
  readonly before: WatchFile;
  readonly told: Told | undefined;
}

class RunningService implements Service {
  readonly #options: ServiceOptions;
  readonly #parts: Parts;
  readonly #startTime = new Date().toISOString();
  readonly #homeOf = createHomes();
  readonly #finder: Finder;
  readonly #pipeline: Pipeline;
  readonly #keeper: SessionKeeper;
  readonly #progress: Progress | undefined;
  /** By session id: the first record of the log that can be its own. */
  readonly #firstRecords = new Map<string, number>();
  readonly #ended = new Map<SessionTag, Summary | undefined>();
  readonly #memory: Memory;
  #rulesWatch: RulesWatch | undefined;
  #giveBack: GiveBack | undefined;
  readonly #answers: Answers;
  #configuration: Configuration;
  #knowledge: Knowledge;
  #configurationTrouble = '';
  #reloading = Promise.resolve();
  readonly #inventory: InventoryWatch;
  readonly #candidates: Candidates;
  #lastTag = 0;
  #rescan: NodeJS.Timeout | undefined;
  #toldRefusals = 0;

  constructor(options: ServiceOptions, parts: Parts) {
    const { sensor, seal, receivers, told } = parts;
    const { kept } = sensor;
    this.#progress = kept && createProgress(kept, () => seal.size);
    this.#options = options;
    this.#parts = parts;
    this.#configuration = options.configuration;
    this.#knowledge = parts.knowledge;
    this.#memory = keepMemory(
      parts.state.directory,
      () => this.#knowledge.detect,
      (cause) => options.log.warn({ cause }, 'what rules remember is not kept'),
    );
    const { recogniser, personOf } = parts.knowledge;
    const newTag = () => this.#newTag();
    this.#finder = createFinder({ sensor, recogniser, personOf, homeOf: this.#homeOf, newTag });
    const { maxFileBytes, maxExecutableBytes } = options.configuration.hash;
    this.#pipeline = createPipeline({
      sensor,
      detect: (batch) => this.#knowledge.detect(batch),
      detectHealth: () => this.#knowledge.detect.health(),
      shipHealth: () => receivers.health(),
      seal: (batch) => seal.append(batch),
      watchers: [(batch) => this.#watch(batch), (batch) => receivers.watch(batch)],
      hashLimits: { maxFileBytes: BigInt(maxFileBytes), maxExecutableBytes: BigInt(maxExecutableBytes) },
      finder: this.#finder,
      handoverDirectory: parts.state.handoverDirectory,
      ...(this.#progress && { account: this.#progress }),
      ...(told && { isTold: (event: Event) => told.has(event) }),
    });
    seal.onGap((gaps) => this.#pipeline.judge(gaps));
    this.#inventory = createInventoryWatch({
      look: () => ({ state: parts.state.directory, agents: this.#configuration.recognise.agents }),
      writerOf: (path) => {
        const file = this.#pipeline.written(path);
        return file && { sessionId: file.session.id, entityId: file.writer.entityId };
      },
      tell: (event) => this.#pipeline.tell(event),
      failed: (error) => options.log.error({ cause: error.message }, 'the inventory could not be taken'),
    });
    this.#candidates = createCandidates(parts.state.directory, ({ message }) =>
      options.log.warn({ cause: message }, 'the list of candidates is not kept'),
    );
    if (this.#progress) seal.onGrow((durable) => this.#progress?.durable(durable));
    this.#keeper = createSessionKeeper({
      sensor,
      pipeline: this.#pipeline,
      ended: (session, summary) => {
        this.#remember(session.tag, summary);
        this.#firstRecords.delete(session.id);
        this.#saveWatch();
        options.log.debug({ session: session.id, reason: summary?.endReason }, 'session ended');
      },
    });
    this.#answers = createAnswers({
      configuration: options.configuration,
      state: parts.state,
      sensor,
      pipeline: this.#pipeline,
      seal,
      shippers: receivers.shippers,
      log: options.log,
      newTag: () => this.#newTag(),
      personOf: (pid) => this.#knowledge.personOf(pid),
      look: () => this.#keeper.look(),
      endedSummary: (tag) => this.#ended.get(tag),
      service: () => ({
        version,
        pid: process.pid,
        start: this.#startTime,
        state: parts.state.directory,
        configuration: options.file,
        configuration_trouble: this.#configurationTrouble,
      }),
    });
  }

  async begin(): Promise<void> {
    const { sensor, state } = this.#parts;
    const { log } = this.#options;
    const { recognise } = this.#configuration;
    if (recognise.enabled) this.#lookOut(this.#knowledge.catalogue);
    this.#pipeline.start();
    // Where no service manager made it; before it is guarded, which only what is there can be.
    mkdirSync(this.#configuration.runtime, { recursive: true, mode: 0o755 });
    const acts = this.#guard();
    const resumed = await this.#resume();
    const begun = recognise.enabled ? this.#takeInExisting() : 0;
    this.#saveWatch();
    await this.#answers.open();
    this.#watchRules();
    this.#tellUnfedRules();
    this.#giveBack = giveBackWhenQuiet();
    log.info(
      {
        version,
        tier: sensor.facts.tier,
        state: state.directory,
        agents: this.#knowledge.catalogue.agents.length,
        running_sessions: begun,
        resumed_sessions: resumed,
        watch_before: sensor.kept?.found,
        acts_on_it: acts,
        start_ms: Math.round(process.uptime() * 1_000),
      },
      'watching',
    );
  }

  /** One after the other: whichever was asked for last has read what is in force in the end. */
  reload(): Promise<void> {
    this.#reloading = this.#reloading.then(() => this.#readAgain());
    return this.#reloading;
  }

  async #readAgain(): Promise<void> {
    const { log, manager, reread } = this.#options;
    manager.reloading();
    try {
      const next = reread();
      const knowledge = await readKnowledge(next, this.#options.file);
      const waiting = changesThatWait(this.#configuration, next);
      knowledge.detect.restore(this.#knowledge.detect.snapshot());
      this.#finder.reload(knowledge);
      this.#knowledge = knowledge;
      log.level = next.logLevel;
      // What waits for a start keeps its old value, so that it is named by the next reload too.
      const { logLevel, rules, protect } = next;
      const { enabled } = this.#configuration.recognise;
      const recognise = { ...next.recognise, enabled };
      this.#configuration = { ...this.#configuration, logLevel, recognise, rules, protect };
      if (enabled) this.#lookOut(knowledge.catalogue);
      this.#guard();
      this.#configurationTrouble = '';
      this.#watchRules();
      this.#tellUnfedRules();
      log.info('configuration read again');
      if (waiting.length > 0)
        log.warn({ keys: waiting.join(', ') }, 'some keys take effect at the next start only');
    } catch (error) {
      this.#configurationTrouble = (error as Error).message;
      for (const problem of this.#configurationTrouble.split('\n'))
        log.error({ problem }, 'configuration refused; the last good one stays in force');
    }
    manager.ready();
  }

  /** Has the kernel tell who may be an agent: by what is started, and by who names a host of models or of an agent. */
  #lookOut(catalogue: Catalogue): void {
    const { sensor } = this.#parts;
    sensor.suspect(suspectWords(catalogue));
    sensor.tellCallersOf(catalogue.tellingHosts);
  }

  /** Reads on where the service before ended. @returns how many sessions go on */
  async #resume(): Promise<number> {
    const { sensor, state, before, seal, told } = this.#parts;
    const { kept } = sensor;
    if (!kept) return 0;
    const sessions = kept.tagsKept ? before.sessions : [];
    for (const { id, tag, firstRecord } of sessions) {
      this.#firstRecords.set(id, firstRecord);
      if (tag < FIRST_TAG_OF_THE_KERNEL) this.#lastTag = Math.max(this.#lastTag, tag);
    }
    const summedUp = resumeSessions(sessions, {
      sensor,
      pipeline: this.#pipeline,
      recogniser: this.#knowledge.recogniser,
      finder: this.#finder,
      homeOf: this.#homeOf,
      rootEnded: (id, end) => this.#keeper.rootEnded(id, end),
      logDirectory: state.logDirectory,
      logSize: seal.size,
    });
    this.#keeper.resumed(
      sessions.map(({ id }) => id),
      summedUp.catch((error: Error) =>
        this.#options.log.error(
          {
            cause: error.message,
          },
          'the sums of sessions that go on lack what the log has of them',
        ),
      ),
    );
    for (const event of describeWatch(sensor, sessions.length)) this.#pipeline.tell(event);
    // Everything is told again that may not be in the log, before anybody looks who is watched.
    await sensor.flush();
    told?.done();
    if (kept.tagsKept) dropUnknownTags(sensor, this.#pipeline);
    await this.#keeper.look();
    return sessions.length;
  }

  /** Keeps what the next service must know. */
  #saveWatch(): void {
    const { sensor, state } = this.#parts;
    const { kept, facts } = sensor;
    if (!kept) return;
    const sessions = this.#pipeline.sessions().map((session) => ({
      tag: session.tag,
      id: session.id,
      startedBy: session.startedBy,
      agent: session.agent,
      root: session.root,
      about: session.about,
      startBootNs: session.startBootNs,
      firstRecord: this.#firstRecords.get(session.id) ?? 0,
    }));
    try {
      writeWatch(state.directory, facts.bootId, { sessions, lossTold: kept.lossTold() });
    } catch (error) {
      // A full disk ends no watch: the next change is another try.
      this.#options.log.error(
        { cause: (error as Error).message },
        'sessions are not kept for the next start',
      );
    }
  }

  async stop(watch: 'keep' | 'end'): Promise<void> {
    const { log, manager } = this.#options;
    const { seal, receivers, sensor, countersigner } = this.#parts;
    const { kept } = sensor;
    const goesOn = kept !== undefined && watch === 'keep';
    manager.stopping();
    clearTimeout(this.#rescan);
    this.#rulesWatch?.close();
    this.#giveBack?.close();
    this.#keeper.close();
    await this.#inventory.close();
    this.#candidates.close();
    await this.#answers.close();
    if (goesOn) {
      await this.#pipeline.stop();
      await this.#keeper.look();
      this.#saveWatch();
    } else {
      kept?.forget();
      await this.#keeper.look();
      await this.#pipeline.flush();
      await this.#keeper.whole();
      for (const session of this.#pipeline.sessions()) this.#keeper.end(session);
      await this.#pipeline.stop();
    }
    this.#memory.stop();
    await receivers.quiet();
    await countersigner.finish();
    const closing = await seal.close();
    if (goesOn) {
      kept.mark(kept.taken(), closing.size);
      kept.close();
    }
    await receivers.stop();
    log.info({ records: closing.size, watch: goesOn ? 'goes on in the kernel' : 'ended' }, 'stopped');
    manager.close();
  }

  #watch(batch: readonly Event[]): void {
    let isChanged = false;
    for (const { name, attributes } of batch) {
      if (name === 'session.start' && attributes['session.id'] !== undefined)
        this.#firstRecords.set(attributes['session.id'], this.#parts.seal.size - batch.length);
      if (name === 'session.start' && attributes['gen_ai.agent.name'] !== undefined)
        this.#inventory.began(
          attributes['gen_ai.agent.name'],
          attributes['gen_ai.agent.version'],
          attributes['spoor.agent.root'],
        );
      isChanged ||= name === 'session.start' || name === 'sensor.gap';
      // An agent whose exec was lost is found by looking at what runs.
      if (name === 'sensor.gap' && attributes['spoor.gap.event'] === 'process.exec') this.#rescanSoon();
    }
    this.#answers.watch(batch);
    this.#candidates.watch(batch);
    const refused = this.#pipeline.refused();
    for (const cause of refused.slice(this.#toldRefusals))
      this.#options.log.error({ cause }, 'an event was refused by the log and is told there as lost');
    this.#toldRefusals = refused.length;
    if (isChanged) this.#saveWatch();
    this.#keeper.watch(batch);
  }

  #guard(): 'refused' | 'reported' {
    return guardOurselves({
      sensor: this.#parts.sensor,
      configuration: this.#configuration,
      places: this.#knowledge.places,
      log: this.#options.log,
    });
  }

  #watchRules(): void {
    // What changed while rules were read is read again, by the new watch: it may have come too late for this time.
    const isPending = this.#rulesWatch?.close() ?? false;
    this.#rulesWatch = watchRules(
      this.#configuration.rules.paths,
      () => void this.reload(),
      (path, cause) => this.#options.log.warn({ path, cause }, 'rules are read again by SIGHUP only'),
    );
    if (isPending) this.#rulesWatch.soon();
  }

  #tellUnfedRules(): void {
    const unfed = this.#knowledge.detect.unfed();
    if (unfed.length === 0) return;
    this.#options.log.warn(
      { count: unfed.length, rules: unfed.slice(0, UNFED_NAMED).map(keyOf).join(', ') },
      'some rules can match no event of this host; spoor rules check says why',
    );
  }

  #rescanSoon(): void {
    if (!this.#configuration.recognise.enabled) return;
    this.#rescan ??= setTimeout(() => {
      this.#rescan = undefined;
      const begun = this.#takeInExisting();
      if (begun > 0) this.#options.log.warn({ sessions: begun }, 'agents found whose exec was lost');
    }, 0);
  }

  #takeInExisting(): number {
    return takeInExisting({
      sensor: this.#parts.sensor,
      pipeline: this.#pipeline,
      recogniser: this.#knowledge.recogniser,
      finder: this.#finder,
      homeOf: this.#homeOf,
      newTag: () => this.#newTag(),
    });
  }

  /** Tags below 2^31 - 1, the canary's, are ours to give; they begin anew long after the last session of one ended. */
  #newTag(): SessionTag {
    do this.#lastTag = this.#lastTag >= 0x7fff_fffe ? 1 : this.#lastTag + 1;
    while (this.#pipeline.sessionOf(this.#lastTag));
    return this.#lastTag;
  }

  #remember(tag: SessionTag, summary: Summary | undefined): void {
    this.#ended.set(tag, summary);
    if (this.#ended.size > MAX_ENDED)
      for (const oldest of [...this.#ended.keys()].slice(0, 1)) this.#ended.delete(oldest);
  }
}
