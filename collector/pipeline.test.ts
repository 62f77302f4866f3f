import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { headLine } from '../sensors/replay/events.ts';
import { openReplaySensor } from '../sensors/replay/replay.ts';
import { emptyFolder } from '../test/at-end.ts';
import { MIB, smallTmpfs } from '../test/faults/small-disk.ts';
import { createDetect } from './detect/detect.ts';
import { loadRuleSet } from './detect/load.ts';
import { builtinRules, readRuleFiles } from './detect/pack.ts';
import { readPlaceholders } from './detect/placeholder-file.ts';
import type { Event } from './event.ts';
import { readRecords } from './log/reader.ts';
import { decodeLeaf, type LogRecord } from './log/record.ts';
import { createPipeline } from './pipeline.ts';
import { openHostKey } from './seal/hostkey.ts';
import { openSeal } from './seal/seal.ts';
import { newUid } from './uid.ts';

const needsRoot = {
  skip: process.geteuid?.() === 0 ? false : 'mounting small file systems needs root',
  timeout: 60_000,
};

/** A sensor that sees nothing. */
function quietRecording(folder: string): string {
  const file = join(folder, 'quiet.jsonl');
  const facts = { name: 'linux-ebpf', tier: 'tracepoint', bootId: 'b' } as const;
  writeFileSync(file, `${headLine({ recording: 1, facts, wallOffsetNs: 1n, coverage: [] })}\n`);
  return file;
}

function open(path: string): Event {
  const timeMs = Date.now();
  return {
    name: 'file.open',
    uid: newUid(timeMs),
    timeNs: BigInt(timeMs) * 1_000_000n,
    severity: 9,
    traceId: '',
    spanId: '',
    attributes: { 'session.id': 's', 'file.path': path },
    seen: undefined,
  };
}

async function recordsIn(directory: string): Promise<LogRecord[]> {
  const all: LogRecord[] = [];
  for await (const some of readRecords(directory, 0, Number.MAX_SAFE_INTEGER))
    all.push(...some.map(({ leaf }) => decodeLeaf(leaf)));
  return all;
}

test(
  'what a full disk kept out of the log is a finding once there is room, and the log holds both',
  needsRoot,
  async (t) => {
    const disk = smallTmpfs(8 * MIB);
    t.after(() => disk.remove());
    const seal = await openSeal({
      directory: join(disk.state, 'log'),
      hostKey: openHostKey(join(disk.state, 'key')),
      hostId: 'h',
      reserveBytes: MIB,
    });
    const rules = loadRuleSet(readRuleFiles(builtinRules()), readPlaceholders(builtinRules()));
    const pipeline = createPipeline({
      sensor: openReplaySensor(quietRecording(emptyFolder(t))),
      detect: createDetect({ rules, ruleset: 'spoor', product: 'linux' }),
      seal: (batch) => seal.append(batch),
    });
    seal.onGap((gaps) => pipeline.judge(gaps));
    pipeline.start();
    disk.fill();
    for (let count = 0; seal.shed === 0; count += 1) {
      pipeline.tell(open(`/work/${'x'.repeat(500)}`));
      if (count % 100 === 0) await assert.rejects(seal.checkpoint());
    }
    disk.free();
    await new Promise((resolve) => seal.onGap(resolve));
    await pipeline.stop();
    await seal.close();

    const records = await recordsIn(join(disk.state, 'log'));
    const gap = records.find(({ eventName }) => eventName === 'sensor.gap');
    assert.equal(gap?.attributes['spoor.gap.cause'], 'disk_full');
    const findings = records.filter(({ eventName }) => eventName === 'finding');
    assert.deepEqual(
      findings.map(({ attributes }) => attributes['security_rule.name']),
      ['The log could not take events'],
    );
    assert.deepEqual(findings[0]?.attributes['spoor.finding.evidence'], [gap?.attributes['log.record.uid']]);
    assert.deepEqual(pipeline.refused(), []);
  },
);
