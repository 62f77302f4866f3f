/** Recognition and person under registry names, for session.start and agent.candidate. */

import type { Attributes } from '../event.ts';
import type { Person, UserRef } from './person/person.ts';
import type { Recognition } from './recognition.ts';

export function describeRecognition(recognition: Recognition): Attributes {
  return {
    'gen_ai.agent.name': recognition.agent,
    'gen_ai.agent.version': recognition.version,
    'spoor.agent.kind': recognition.kind,
    'spoor.agent.package': recognition.package,
    'spoor.agent.root': recognition.root,
    'spoor.agent.score': recognition.score,
    'spoor.agent.band': recognition.band,
    'spoor.agent.evidence': recognition.evidence.map(
      ({ kind, basis, value }) => `${kind} (${basis}): ${value}`,
    ),
    'spoor.agent.unsafe_switches':
      recognition.unsafeSwitches.length > 0 ? recognition.unsafeSwitches : undefined,
  };
}

export function describePerson(person: Person): Attributes {
  return {
    'spoor.login.user.id': person.login?.user.id,
    'spoor.login.user.name': person.login?.user.name,
    'spoor.login.basis': person.login?.basis,
    'spoor.login.session': person.loginSession,
    'spoor.login.terminal': person.terminal,
    'spoor.login.directory_subject': person.directorySubject,
    'spoor.start.kind': person.startedBy,
    'spoor.start.through': person.through.map(({ kind, shownBy }) => `${kind}: ${shownBy}`),
    'spoor.start.user_changes':
      person.changes.length > 0
        ? person.changes.map(({ program, from, to }) => `${program}: ${shownUser(from)} to ${shownUser(to)}`)
        : undefined,
  };
}

function shownUser({ id, name }: UserRef): string {
  return name ?? String(id);
}
