/**
 * What rules cost: events a second on one core, with the index and without, and the time to load.
 *
 *   node dist/test/bench/detect.js EVENTS.jsonl RULES...     EVENTS as `spoor events --json` prints them
 */

import { readFileSync } from 'node:fs';
import { createEngine, type Engine } from '../../collector/detect/engine.ts';
import { createEventViews } from '../../collector/detect/event-source.ts';
import { parseEvent } from '../../collector/detect/json-event.ts';
import { loadRuleSet } from '../../collector/detect/load.ts';
import { readRuleFiles } from '../../collector/detect/pack.ts';
import { readPlaceholders } from '../../collector/detect/placeholder-file.ts';
import { routedViews } from '../../collector/detect/routed-views.ts';
import { View } from '../../collector/detect/view.ts';
import type { Event } from '../../collector/event.ts';

/** CPU of each measurement at least; the first passes, in which code is compiled, are not counted. */
const MEASURE_MS = 1_500;

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function eventsPerSecond(events: readonly Event[], engine: Engine, how: 'match' | 'matchPlainly'): number {
  const views = routedViews(engine, createEventViews(engine.fields, 'linux'));
  const view = new View();
  const pass = () => {
    for (const event of events)
      for (const { eventView, route } of views.get(event.name) ?? [])
        if (eventView.shows(event)) {
          view.show(eventView.of(event));
          engine[how](view, route);
        }
  };
  pass();
  pass();
  const start = cpuMs();
  let count = 0;
  while (cpuMs() - start < MEASURE_MS) {
    pass();
    count += events.length;
  }
  return Math.round((count / (cpuMs() - start)) * 1000);
}

const [eventFile, ...folders] = process.argv.slice(2);
if (eventFile === undefined || folders.length === 0) {
  console.error('usage: node dist/test/bench/detect.js EVENTS.jsonl RULES...');
  process.exit(2);
}
const events = readFileSync(eventFile, 'utf8')
  .split('\n')
  .flatMap((line, index) => (line === '' ? [] : [parseEvent(eventFile, index + 1, line).own]))
  .filter((event) => event !== undefined);
console.log('| rules | loaded in ms CPU | RSS MB | events/s | programs only | without index |');
console.log('|---|---|---|---|---|---|');
for (const folder of folders) {
  const files = readRuleFiles(folder);
  const start = cpuMs();
  const rules = loadRuleSet(files, readPlaceholders(folder));
  const engine = createEngine(rules.detections);
  const loadedMs = Math.round(cpuMs() - start);
  const rss = Math.round(process.memoryUsage().rss / 1e6);
  const programs = events.filter(({ name }) => name === 'process.exec');
  const all = eventsPerSecond(events, engine, 'match');
  const exec = eventsPerSecond(programs, engine, 'match');
  const plain = eventsPerSecond(events, engine, 'matchPlainly');
  console.log(`| ${rules.detections.length} | ${loadedMs} | ${rss} | ${all} | ${exec} | ${plain} |`);
}
