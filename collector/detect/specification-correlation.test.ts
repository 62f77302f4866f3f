/** The examples of the Sigma correlation specification 2.1.0, as they stand in its prose. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Fields, refusalsOf, verdicts } from './asked.ts';

const START_MS = Date.UTC(2026, 0, 1);

function at(second: number, fields: Fields): Fields {
  return { '@timestamp': START_MS + second * 1_000, ...fields };
}

/** On which events (by their place) a rule fires. */
function firesOn(rules: string, name: string, events: readonly Fields[]): number[] {
  return verdicts(rules, events).flatMap((found, place) => (found.includes(name) ? [place] : []));
}

const simple = (name: string, item: string) =>
  `---\ntitle: ${name}\nname: ${name}\nid: id-${name}\nlogsource: {}\ndetection: { s: { ${item} }, condition: s }\n`;

test('"Event Count": 100 failed logins to a destination host in an hour, the 99th is not enough', () => {
  const rules = `title: Many failed logins
id: 0e95725d-7320-415d-80f7-004da920fc11
correlation:
    type: event_count
    rules:
        - id-failed
    group-by:
        - ComputerName
    timespan: 1h
    condition:
        gte: 100
${simple('failed', 'EventID: 4625')}`;
  const events = Array.from({ length: 100 }, (_, n) => at(n * 36, { EventID: 4625, ComputerName: 'pc' }));
  assert.deepEqual(firesOn(rules, '0e95725d-7320-415d-80f7-004da920fc11', events), [99]);
  const slow = Array.from({ length: 100 }, (_, n) => at(n * 37, { EventID: 4625, ComputerName: 'pc' }));
  assert.deepEqual(firesOn(rules, '0e95725d-7320-415d-80f7-004da920fc11', slow), []);
  const spread = events.map((event, n) => ({ ...event, ComputerName: `pc${n % 2}` }));
  assert.deepEqual(firesOn(rules, '0e95725d-7320-415d-80f7-004da920fc11', spread), []);
});

test('"Value Count": more than 100 different user accounts per source and destination at a day', () => {
  const rules = `title: Failed login
id: 0e95725d-7320-415d-80f7-004da920fc12
correlation:
    type: value_count
    rules:
        - failed
    group-by:
        - ComputerName
        - WorkstationName
    timespan: 1d
    condition:
        field: User
        gte: 100
${simple('failed', 'EventID: 4625')}`;
  const login = (n: number, User: string) =>
    at(n, { EventID: 4625, ComputerName: 'a', WorkstationName: 'b', User });
  const events = [
    ...Array.from({ length: 99 }, (_, n) => login(n, `user${n}`)),
    login(99, 'user5'),
    login(100, 'another'),
  ];
  assert.deepEqual(firesOn(rules, '0e95725d-7320-415d-80f7-004da920fc12', events), [100]);
});

test('"Condition": 101 to 200 as a range', () => {
  const rules = `title: range\nname: range\ncorrelation: { type: event_count, rules: [e], group-by: [U], timespan: 1h, condition: { gt: 100, lte: 200 } }\n${simple('e', 'E: 1')}`;
  const events = Array.from({ length: 150 }, (_, n) => at(n, { E: 1, U: 'x' }));
  assert.deepEqual(firesOn(rules, 'range', events), [100]);
});

test('"Temporal Proximity": three reconnaissance commands in any order within 5 minutes, on one system by one user', () => {
  const rules = `title: recon
name: recon
correlation:
    type: temporal
    rules:
        - recon_cmd_a
        - recon_cmd_b
        - recon_cmd_c
    group-by:
        - ComputerName
        - User
    timespan: 5m
${['a', 'b', 'c'].map((letter) => simple(`recon_cmd_${letter}`, `C: ${letter}`)).join('')}`;
  const run = (second: number, C: string, User = 'ada') => at(second, { C, User, ComputerName: 'pc' });
  assert.deepEqual(firesOn(rules, 'recon', [run(0, 'c'), run(60, 'a'), run(300, 'b')]), [2]);
  assert.deepEqual(firesOn(rules, 'recon', [run(0, 'c'), run(60, 'a'), run(301, 'b')]), []);
  assert.deepEqual(firesOn(rules, 'recon', [run(0, 'c'), run(60, 'a', 'bob'), run(90, 'b')]), []);
});

test('"Failed Logins Followed by Successful Login": the whole example', () => {
  const rules = `title: Correlation - Multiple Failed Logins Followed by Successful Login
id: b180ead8-d58f-40b2-ae54-c8940995b9b6
status: experimental
description: Detects multiple failed logins by a single user followed by a successful login of that user
references:
    - https://reference.com
author: Florian Roth (Nextron Systems)
date: 2023-06-16
correlation:
    type: temporal_ordered
    rules:
        - multiple_failed_login
        - successful_login
    group-by:
        - User
    timespan: 10m
falsepositives:
    - Unlikely
level: high
---
title: Multiple failed logons
id: a8418a5a-5fc4-46b5-b23b-6c73beb19d41
description: Detects multiple failed logins within a certain amount of time
name: multiple_failed_login
correlation:
    type: event_count
    rules:
        - failed_login
    group-by:
        - User
    timespan: 10m
    condition:
        gte: 10
---
title: Single failed login
id: 53ba33fd-3a50-4468-a5ef-c583635cfa92
name: failed_login
logsource:
    product: windows
    service: security
detection:
    selection:
        EventID:
            - 529
            - 4625
    condition: selection
---
title: Successful login
id: 4d0a2c83-c62c-4ed4-b475-c7e23a9269b8
description: Detects a successful login
name: successful_login
logsource:
    product: windows
    service: security
detection:
    selection:
        EventID:
            - 528
            - 4624
    condition: selection
`;
  const id = 'b180ead8-d58f-40b2-ae54-c8940995b9b6';
  const login = (second: number, EventID: number) => at(second, { EventID, User: 'ada' });
  const failures = Array.from({ length: 10 }, (_, n) => login(n, n % 2 === 0 ? 529 : 4625));
  const events = [...failures, login(11, 4624)];
  assert.deepEqual(
    verdicts(rules, events),
    events.map((_, place) => (place === 10 ? [id] : [])),
    'the outermost rule alone speaks',
  );
  assert.deepEqual(firesOn(rules, id, [...failures.slice(1), login(11, 4624)]), []);
  assert.deepEqual(firesOn(rules, id, [login(-1, 4624), ...failures]), [], 'the order counts');
  assert.deepEqual(firesOn(rules, id, [...failures, login(610, 4624)]), [], 'too late');
});

test('"Value Sum", "Value Average", "Value Percentile": the examples', () => {
  const sum = `title: Possible Exfiltration to Website
name: sum
correlation:
    type: value_sum
    rules:
        - website_access
    group-by:
        - SourceIP
        - User
    timespan: 1h
    condition:
        field: bytes_sent
        gt: 1000000
${simple('website_access', 'web: 1')}`;
  const sent = (second: number, bytes_sent: number) =>
    at(second, { web: 1, SourceIP: 'i', User: 'u', bytes_sent });
  assert.deepEqual(firesOn(sum, 'sum', [sent(0, 600_000), sent(1, 400_000), sent(2, 1)]), [2]);
  const average = `title: Suspicious average network traffic
name: average
correlation:
    type: value_avg
    rules: 
        - rule_a_id
    group-by:
        - SourceIP
        - User
    timespan: 24h
    condition:
        field: BytesOut
        gt: 500
${simple('rule_a_id', 'net: 1')}`;
  const out = (second: number, BytesOut: number) =>
    at(second, { net: 1, SourceIP: 'i', User: 'u', BytesOut });
  assert.deepEqual(firesOn(average, 'average', [out(0, 400), out(1, 600), out(2, 501)]), [2]);
  const rare = `title: A computer spawned a processes name in the last 24h than 1% of all the processes.
name: rare
correlation:
    type: value_percentile
    rules: 
        - process_creation
    group-by:
        - ComputerName
    timespan: 24h
    condition:
        field: image
        lte: 1
${simple('process_creation', 'image|exists: true')}`;
  const start = (second: number, image: string) => at(second, { image, ComputerName: 'pc' });
  const ordinary = Array.from({ length: 99 }, (_, n) => start(n, 'bash'));
  assert.deepEqual(firesOn(rare, 'rare', [...ordinary, start(99, 'odd')]), [99]);
  assert.deepEqual(
    firesOn(rare, 'rare', [...ordinary.slice(1), start(99, 'odd')]),
    [],
    'one of 99 is more than 1 %',
  );
});

test('"Field Name Aliases": the same address as source in one event and as destination in the other', () => {
  const rules = `title: aliased
name: aliased
correlation:
    type: temporal
    rules:
        - internal_error
        - new_network_connection
    group-by:
        - internal_ip
        - remote_ip
    timespan: 10s
    aliases:
        internal_ip:
            internal_error: destination.ip
            new_network_connection: source.ip
        remote_ip:
            internal_error: source.ip
            new_network_connection: destination.ip
---
title: error
name: internal_error
logsource: {}
detection:
    selection:
        http.response.status_code: 500
    condition: selection
---
title: connection
name: new_network_connection
logsource: {}
detection:
    selection:
        event.category: network
        event.type: connection
        event.outcome: success
    condition: selection
`;
  const failed = at(0, { 'http.response.status_code': 500, 'source.ip': 'far', 'destination.ip': 'near' });
  const connected = (source: string, destination: string) =>
    at(5, {
      event: { category: 'network', type: 'connection', outcome: 'success' },
      'source.ip': source,
      'destination.ip': destination,
    });
  assert.deepEqual(firesOn(rules, 'aliased', [failed, connected('near', 'far')]), [1]);
  assert.deepEqual(firesOn(rules, 'aliased', [failed, connected('far', 'near')]), []);
});

test('"Generate": referenced rules speak for themselves only when told to', () => {
  const rules = (generate: string) =>
    `title: c\nname: c\n${generate}correlation: { type: event_count, rules: [e], group-by: [U], timespan: 1m, condition: { gte: 2 } }\n${simple('e', 'E: 1')}`;
  const events = [at(0, { E: 1, U: 'x' }), at(1, { E: 1, U: 'x' })];
  assert.deepEqual(verdicts(rules(''), events), [[], ['c']]);
  assert.deepEqual(verdicts(rules('generate: true\n'), events), [['id-e'], ['id-e', 'c']]);
});

test('what a type requires is required', () => {
  const correlation = (section: string) =>
    refusalsOf(
      `title: c\ncorrelation: { rules: [e], group-by: [U], ${section} }\n${simple('e', 'E: 1')}`,
    ).join();
  assert.match(correlation('type: event_count, condition: { gte: 2 }'), /"timespan" is missing/);
  assert.match(
    correlation('type: event_count, timespan: 1m'),
    /an event_count correlation needs a condition/,
  );
  for (const type of ['value_count', 'value_sum', 'value_avg', 'value_percentile'])
    assert.match(
      correlation(`type: ${type}, timespan: 1m, condition: { gte: 2 }`),
      new RegExp(`a ${type} correlation needs "field" in its condition`),
    );
  assert.match(correlation('timespan: 1m, condition: { gte: 2 }'), /"type" is missing/);
  assert.match(correlation('type: event_count, timespan: 1H, condition: { gte: 2 }'), /timespan "1H"/);
  assert.equal(correlation('type: temporal, timespan: 90m'), '');
});
