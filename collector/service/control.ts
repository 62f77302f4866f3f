/**
 * The service's control socket: `spoor run`, `spoor status` and `spoor top` ask here.
 *
 * One JSON object a line, both ways. A refusal ends the connection, and an answer waits until it is read: who asks costs
 * the service no more than what he was told.
 */

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { type EntranceNeeds, type Listening, openEntrance, type Peer, Refused, refuse } from './entrance.ts';

/** One request; a command line of `spoor run` is the longest. Past it the connection ends. */
const MAX_REQUEST_BYTES = 256 * 1024;

export type Answer = Readonly<Record<string, unknown>>;

/** What is asked on one connection. */
export interface Conversation {
  /** Answers one request. @throws Refused */
  ask(request: Readonly<Record<string, unknown>>): Promise<Answer>;
  /** Who asked has gone. */
  left(): Promise<void>;
}

export interface ControlNeeds extends Pick<EntranceNeeds, 'watchedIn' | 'failed'> {
  readonly begin: (peer: Peer) => Conversation;
}

/** @throws Refused when a service listens there already */
export function serveControl(path: string, { watchedIn, begin, failed }: ControlNeeds): Promise<Listening> {
  // Anybody may connect; who may ask what is decided by who it is.
  return openEntrance(path, 0o666, {
    watchedIn,
    failed,
    refusal: (refused) => line({ refused }),
    enter(socket, peer) {
      const conversation = begin(peer);
      socket.once('close', () => void conversation.left().catch(failed));
      converse(socket, conversation).catch((error) => {
        if (!socket.destroyed) failed(error); // else who asked went away
        socket.destroy();
      });
    },
  });
}

async function converse(socket: Socket, conversation: Conversation): Promise<void> {
  socket.setEncoding('utf8'); // a character may be cut by the end of a chunk
  const closed = new Promise((resolve) => socket.once('close', resolve));
  let waiting = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    waiting += chunk;
    for (let end = waiting.indexOf('\n'); end >= 0; end = waiting.indexOf('\n')) {
      const answer = await answerTo(conversation, waiting.slice(0, end));
      waiting = waiting.slice(end + 1);
      if (socket.destroyed) return;
      if ('refused' in answer) {
        refuse(socket, line(answer));
        return;
      }
      if (!socket.write(line(answer))) await Promise.race([once(socket, 'drain'), closed]);
    }
    if (waiting.length > MAX_REQUEST_BYTES) {
      refuse(socket, line({ refused: `a request has at most ${MAX_REQUEST_BYTES} bytes` }));
      return;
    }
  }
}

async function answerTo(conversation: Conversation, text: string): Promise<Answer> {
  let request: unknown;
  try {
    request = JSON.parse(text);
  } catch {
    return { refused: 'a request is one JSON object in a line' };
  }
  if (typeof request !== 'object' || request === null)
    return { refused: 'a request is one JSON object in a line' };
  try {
    return await conversation.ask(request as Record<string, unknown>);
  } catch (error) {
    if (error instanceof Refused) return { refused: error.message };
    throw error;
  }
}

function line(answer: Answer): string {
  return `${JSON.stringify(answer, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value))}\n`;
}
