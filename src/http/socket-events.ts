// The events of a socket, told to its connection. The functions are shared by all connections: a listener per connection and event would
// be five closures for each idle client.
import type { Socket } from "node:net";

/** What happens on a socket. */
export interface SocketListener {
  /** Bytes have come. */
  received(chunk: Buffer): void;
  /** What waited to be sent has left. */
  flushed(): void;
  /** The other side sends no more. */
  ended(): void;
  /** The socket is closed, or will be because of an error; may be told twice. */
  gone(error: Error | null): void;
}

const LISTENER = Symbol("listener");

type OwnedSocket = Socket & { [LISTENER]: SocketListener };

/** Tells a listener what happens on a socket; one listener for each socket. */
export function listenToSocket(socket: Socket, listener: SocketListener): void {
  const owned = socket as OwnedSocket; // from the next line on it is one
  owned[LISTENER] = listener;
  owned.on("data", onData);
  owned.on("drain", onDrain);
  owned.on("end", onEnd);
  owned.on("error", onError);
  owned.on("close", onClose);
}

function onData(this: Socket, chunk: Buffer): void {
  (this as OwnedSocket)[LISTENER].received(chunk);
}

function onDrain(this: Socket): void {
  (this as OwnedSocket)[LISTENER].flushed();
}

function onEnd(this: Socket): void {
  (this as OwnedSocket)[LISTENER].ended();
}

function onError(this: Socket, error: Error): void {
  (this as OwnedSocket)[LISTENER].gone(error);
}

function onClose(this: Socket): void {
  (this as OwnedSocket)[LISTENER].gone(null);
}
