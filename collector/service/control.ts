/**
 * The service's control socket: `spoor run`, `spoor status` and `spoor top` ask here.
 *
 * One JSON object a line, both ways. Who connected is what the kernel says (SO_PEERCRED). A process of a watched
 * session gets no answer: what is watched must not steer the watcher, nor learn what it saw.
 */

import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { loadNative } from '../../sensors/linux/native.ts';

/** One request; a command line of `spoor run` is the longest. Past it the connection ends. */
const MAX_REQUEST_BYTES = 256 * 1024;
/** Connections at once of one user; each `spoor run` holds one. Past it new ones are refused. */
const MAX_CONNECTIONS_OF_USER = 64;
/** Of all users but root, who is always heard. */
const MAX_CONNECTIONS_OF_USERS = 256;

export interface Peer {
  readonly pid: number;
  readonly uid: number;
}

export type Answer = Readonly<Record<string, unknown>>;

export interface Conversation {
  readonly peer: Peer;
  /** Answers one request. @throws Refused */
  ask(request: Readonly<Record<string, unknown>>): Promise<Answer>;
  /** The connection has ended. */
  ended(): void;
}

/** Told to who asked, as it is. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

export interface ControlNeeds {
  /** id of the session that a process is watched in; undefined when it is in none. */
  readonly watchedIn: (pid: number) => Promise<string | undefined>;
  readonly begin: (peer: Peer) => Conversation;
  readonly failed: (error: unknown) => void;
}

export interface Listening {
  close(): Promise<void>;
}

/** Takes the place of a dead service's socket; a living one's is refused. @throws Refused */
export async function listenAt(path: string, server: Server, mode: number): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  if (await answers(path)) throw new Refused(`${path} belongs to a service that runs; stop it first`);
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
  chmodSync(path, mode);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // ENOENT: nobody was ever here. ECONNREFUSED: its owner is dead.
    socket.once('error', () => resolve(false));
  });
}

export async function serveControl(path: string, needs: ControlNeeds): Promise<Listening> {
  const open = new Map<Socket, Peer>();
  const server = createServer((socket) => {
    socket.on('error', () => {}); // who asked went away: nothing is left to be done for it
    const peer = peerOf(socket);
    if (areTooMany([...open.values()], peer)) {
      socket.end(line({ refused: 'too many of your questions are open; end some of what you have watched' }));
      return;
    }
    open.set(socket, peer);
    socket.once('close', () => open.delete(socket));
    converse(socket, peer, needs).catch((error) => {
      needs.failed(error);
      socket.destroy();
    });
  });
  // Anybody may connect; who may ask what is decided by who it is.
  await listenAt(path, server, 0o666);
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of open.keys()) socket.destroy();
      await closed;
      rmSync(path, { force: true });
    },
  };
}

/** Nobody keeps the others, or root, from being heard. */
function areTooMany(open: readonly Peer[], { uid }: Peer): boolean {
  return (
    open.filter((peer) => peer.uid === uid).length >= MAX_CONNECTIONS_OF_USER ||
    (uid !== 0 && open.filter((peer) => peer.uid !== 0).length >= MAX_CONNECTIONS_OF_USERS)
  );
}

/** Who is at the other end of an accepted connection. */
export function peerOf(socket: Socket): Peer {
  // Node gives no other way to a socket's descriptor; held by a test.
  const handle = (socket as unknown as { _handle?: { fd?: number } })._handle;
  return loadNative().peer(handle?.fd ?? -1);
}

async function converse(socket: Socket, peer: Peer, needs: ControlNeeds): Promise<void> {
  socket.pause();
  const session = peer.pid === 0 ? 'unknown' : await needs.watchedIn(peer.pid);
  if (session !== undefined) {
    const whose = peer.pid === 0 ? 'a process of another pid namespace' : `a process of session ${session}`;
    socket.end(line({ refused: `${whose} gets no answer; ask from outside the session` }));
    return;
  }
  const conversation = needs.begin(peer);
  socket.once('close', () => conversation.ended());
  let waiting = '';
  for await (const chunk of socket) {
    waiting += chunk;
    for (let end = waiting.indexOf('\n'); end >= 0; end = waiting.indexOf('\n')) {
      const answer = await answerTo(conversation, waiting.slice(0, end));
      waiting = waiting.slice(end + 1);
      if (!socket.destroyed) socket.write(line(answer));
    }
    if (waiting.length > MAX_REQUEST_BYTES) {
      socket.end(line({ refused: `a request has at most ${MAX_REQUEST_BYTES} bytes` }));
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
