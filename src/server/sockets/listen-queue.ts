// Closes the last descriptor of a listening socket without losing a connection that the system has accepted for it.
//
// The system completes handshakes on its own and queues the connections; closing the socket resets those that are queued. Between
// "the queue is empty" and close() there is always a moment in which one more can come in. There is no call that stops new ones and
// keeps the queue, so TCP's own rules are used:
//   1. listen() again with a backlog of 0: from now on the queue has one place, and further handshakes wait.
//   2. Accept until the queue is empty. Accepted connections are held back: clients who wait do not come again.
//   3. Connect to ourselves. If that connection is established, it has the one place, and nobody else can come in; otherwise somebody
//      was faster: accept him, and try again.
//   4. Close. The only connection that is reset is our own. Whoever still waits for a handshake is told that nobody listens.
// A unix socket is simpler: without its file nobody can connect, so emptying the queue is enough.
import { connect, type Server, type Socket } from "node:net";

/** Longest time for the whole of it; a flood that never ends must not keep a server from stopping. */
const MAX_SECONDS = 5;

/** Where a listener is. */
export interface ListenerPlace {
  /** Numeric address and port of a TCP socket; null for others. */
  readonly tcp: { readonly host: string; readonly port: number } | null;
}

/** What receives the connections of a listener. */
export interface Acceptor {
  /** From now on accepted connections wait. */
  hold(): void;
  /** Serves those that have waited. */
  release(): void;
}

interface RawListener {
  listen?(backlog: number): number;
}

interface RawClient {
  getpeername(out: object): number;
}

/**
 * Accepts what is queued, then closes the listener.
 *
 * @param acceptor - what the connections of `listener` go to
 * @param isLast - nobody else holds the socket
 */
export async function emptyAndClose(
  acceptor: Acceptor,
  listener: Server,
  where: ListenerPlace,
  isLast: boolean,
): Promise<void> {
  const deadline = performance.now() + MAX_SECONDS * 1000;
  let accepted = 0;
  listener.on("connection", () => (accepted += 1));
  acceptor.hold();
  if (isLast && where.tcp !== null) {
    setBacklog(listener, 0);
  }
  for (;;) {
    // Each turn decides about the next.
    const wasEmpty = await turn(() => accepted);
    const isLate = performance.now() > deadline;
    if (!wasEmpty && !isLate) continue;
    const plug = isLast && where.tcp !== null && !isLate ? await connectPlug(where.tcp) : null;
    const isClosable = plug === null || isEstablished(plug);
    if (isClosable) listener.close();
    plug?.destroy();
    if (isClosable) break;
  }
  acceptor.release();
}

/** Changes the length of the listen queue of a listener. */
export function setBacklog(listener: Server, backlog: number): void {
  const { _handle: handle } = listener as unknown as { _handle: RawListener | null };
  handle?.listen?.(backlog);
}

/** Lets the event loop poll once. Resolves in the phase right behind polling; true when no connection came. */
function turn(count: () => number): Promise<boolean> {
  const before = count();
  return new Promise((resolve) => {
    setImmediate(() => {
      setImmediate(() => resolve(count() === before));
    });
  });
}

/**
 * Connects to ourselves. A socket of node:net with a numeric address connects in the next tick, which is still before the event loop
 * polls again; within one machine the system completes the handshake in the call.
 */
async function connectPlug(address: NonNullable<ListenerPlace["tcp"]>): Promise<Socket> {
  const host = address.host === "0.0.0.0" ? "127.0.0.1" : address.host === "::" ? "::1" : address.host;
  const plug = connect({ host, port: address.port });
  plug.on("error", () => {});
  await new Promise<void>((resolve) => process.nextTick(resolve));
  return plug;
}

/** Asks the system: `plug.connecting` would only be told after the next poll. */
function isEstablished(plug: Socket): boolean {
  const { _handle: handle } = plug as unknown as { _handle: RawClient | null };
  return handle?.getpeername({}) === 0;
}
