/** `spoor report`: what one session did, read back from the log. */

import { createSummary } from '../session/summary.ts';
import { endWithReader, print } from './output.ts';
import { reportJson } from './report-json.ts';
import { reportText } from './report-text.ts';
import { findSession, recordsFrom } from './sessions-in-log.ts';
import { readState } from './state.ts';
import { paint, wantsColour } from './terminal.ts';

const STDOUT = 1;

export async function printReport(wanted: string, state: string, form: 'json' | 'text'): Promise<void> {
  const { logDirectory } = readState(state);
  endWithReader();
  const session = await findSession(logDirectory, wanted);
  const summing = createSummary(session.id);
  for await (const record of recordsFrom(logDirectory, session.from)) {
    summing.add(record);
    if (record.eventName === 'session.end' && record.attributes['session.id'] === session.id) break;
  }
  const summary = summing.summary();
  const colours = paint(wantsColour(STDOUT) ? 'colour' : 'plain');
  await print(form === 'json' ? `${reportJson(summary)}\n` : reportText(summary, colours));
}
