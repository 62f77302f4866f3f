/**
 * The way in to the service's sockets: who connected is what the kernel says (SO_PEERCRED), and a process of a watched
 * session is let in nowhere: what is watched must not steer the watcher, nor learn what it saw.
 *
 * Anybody may connect, as often as he likes, so everything here has a bound: places by user, and one look at who is
 * watched (who-asks.ts) for all who came before it. Whoever is refused gives his place back, also when he does not
 * close his end.
 */

import { chmodSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { loadNative } from '../../sensors/linux/native.ts';

/** Let in at once, of one user; each `spoor run` holds one. Past it he is refused. */
const MAX_INSIDE_OF_USER = 64;
/** Of all users but root, who has places of his own. */
const MAX_INSIDE_OF_USERS = 256;
/** Connections at once with those that wait to be looked at, of root, and of all others together: 4 KiB each. Past it
 * one is closed without a word. A flood would have to bring so many between two looks to keep others out. */
const MAX_OPEN = 1_024;
/** For what is still on its way from one who is refused: closed before, his own write would fail before he reads why. */
const REFUSAL_READ_MS = 200;

export interface Peer {
  readonly pid: number;
  readonly uid: number;
}

export interface EntranceNeeds {
  /** id of the session that a process is watched in; undefined when it is in none. */
  readonly watchedIn: (pid: number) => Promise<string | undefined>;
  /** Takes whoever is let in. */
  readonly enter: (socket: Socket, peer: Peer) => void;
  /** How one is refused, in the words of what is spoken here. */
  readonly refusal: (why: string) => string;
  readonly failed: (error: unknown) => void;
}

export interface Listening {
  close(): Promise<void>;
}

/** Told to who asked, as it is. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

interface Place {
  readonly uid: number;
  isInside: boolean;
}

/** @throws Refused when a service listens there already */
export async function openEntrance(path: string, mode: number, needs: EntranceNeeds): Promise<Listening> {
  const open = new Map<Socket, Place>();

  const server = createServer((socket) => {
    socket.on('error', () => {}); // who asked went away: nothing is left to be done for it
    const peer = peerOf(socket);
    const isRoot = (uid: number) => uid === 0;
    if (count(open, ({ uid }) => isRoot(uid) === isRoot(peer.uid)) >= MAX_OPEN) {
      socket.destroy();
      return;
    }
    const place = { uid: peer.uid, isInside: false };
    open.set(socket, place);
    socket.once('close', () => open.delete(socket));
    receive(socket, peer, place).catch((error) => {
      needs.failed(error);
      socket.destroy();
    });
  });

  async function receive(socket: Socket, peer: Peer, place: Place): Promise<void> {
    socket.pause();
    const why = (await whyWatched(peer)) ?? whyFull(peer);
    if (socket.destroyed) return;
    if (why !== undefined) {
      refuse(socket, needs.refusal(why));
      return;
    }
    place.isInside = true;
    needs.enter(socket, peer);
  }

  async function whyWatched({ pid }: Peer): Promise<string | undefined> {
    // The kernel's number for a process that this pid namespace does not have.
    if (pid === 0) return 'a process of another pid namespace gets no answer; ask from outside the session';
    const session = await needs.watchedIn(pid);
    return session && `a process of session ${session} gets no answer; ask from outside the session`;
  }

  /** Nobody keeps the others, or root, from being heard. */
  function whyFull(peer: Peer): string | undefined {
    const ofUser = count(open, ({ uid, isInside }) => isInside && uid === peer.uid);
    const ofUsers = count(open, ({ uid, isInside }) => isInside && uid !== 0);
    return ofUser >= MAX_INSIDE_OF_USER || (peer.uid !== 0 && ofUsers >= MAX_INSIDE_OF_USERS)
      ? 'too many of your questions are open; end some of what you have watched'
      : undefined;
  }

  await listenAt(path, server, mode);
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of open.keys()) socket.destroy();
      await closed;
      rmSync(path, { force: true });
    },
  };
}

/** Says why, and ends the connection whatever the other end does. */
export function refuse(socket: Socket, words: string): void {
  const timer = setTimeout(() => socket.destroy(), REFUSAL_READ_MS).unref();
  socket.once('close', () => clearTimeout(timer));
  socket.end(words);
  socket.once('data', () => socket.destroySoon());
  socket.resume();
}

function count(open: ReadonlyMap<Socket, Place>, holds: (place: Place) => boolean): number {
  let places = 0;
  for (const place of open.values()) if (holds(place)) places++;
  return places;
}

/** Who is at the other end of an accepted connection. */
function peerOf(socket: Socket): Peer {
  // Node gives no other way to a socket's descriptor; held by a test.
  const handle = (socket as unknown as { _handle?: { fd?: number } })._handle;
  return loadNative().peer(handle?.fd ?? -1);
}

/** Takes the place of a dead service's socket; a living one's is refused. @throws Refused */
async function listenAt(path: string, server: Server, mode: number): Promise<void> {
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
    // ENOENT: nobody was ever here. ECONNREFUSED: its owner is dead. EAGAIN: too many ask it just now.
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'EAGAIN'));
  });
}
