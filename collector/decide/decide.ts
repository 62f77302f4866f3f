/**
 * Stage 3, decide: may it be done?
 *
 * Here an event meets the policy: the verdict (allow, warn, deny), its reason, and what was really enforced, as a
 * `policy.decision` event after the one it judges. There is no policy yet, so every event passes as it came and no
 * verdict is claimed. What must refuse before the act does so in the sensor; this stage tells what was decided there.
 */

import type { Event } from '../event.ts';
import type { Stage } from '../stage.ts';

export function createDecide(): Stage<Event, Event> {
  return (batch) => batch;
}
