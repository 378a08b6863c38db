// One connection of the engine on a socket that the test drives, with the engine's own clock run by hand.
import { onTestFinished, vi } from "vitest";

import { Connection, type ConnectionOwner } from "../../src/http/connection.ts";
import type { ProtocolError } from "../../src/http/errors.ts";
import type { Exchange } from "../../src/http/exchange.ts";
import { DEFAULT_LIMITS, type Limits } from "../../src/http/limits.ts";
import { Ticker } from "../../src/http/ticker.ts";
import { SocketStandIn } from "./socket-stand-in.ts";

/** A connection and everything around it. */
export interface ConnectionBench {
  readonly connection: Connection;
  readonly socket: SocketStandIn;
  /** What was handed to the gateway, in order. */
  readonly exchanges: Exchange[];
  readonly refusals: ProtocolError[];
  readonly server: { isClosing: boolean; goodbyeSeconds: number };
  /** Lets time pass. */
  readonly wait: (seconds: number) => void;
  /** How often the owner heard that the connection is gone. */
  readonly closed: () => number;
}

/** Opens a connection. */
export function openConnection(
  limits: Partial<Limits> = {},
  handle: (exchange: Exchange) => void = () => {},
  socket = new SocketStandIn(),
): ConnectionBench {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "setImmediate", "performance"] });
  onTestFinished(() => void vi.useRealTimers());
  // No process has a connection when its own clock stands at 0.
  vi.advanceTimersByTime(1000);
  const exchanges: Exchange[] = [];
  const refusals: ProtocolError[] = [];
  let closed = 0;
  const server = {
    limits: { ...DEFAULT_LIMITS, ...limits },
    ticker: new Ticker(),
    isClosing: false,
    goodbyeSeconds: 0,
    listener: {
      newVariables: () => ({}),
      handle(exchange: Exchange): void {
        exchanges.push(exchange);
        handle(exchange);
      },
      refused: (error: ProtocolError): void => void refusals.push(error),
    },
    closed: (): void => {
      closed += 1;
    },
  } satisfies ConnectionOwner;
  const connection = new Connection(socket.asSocket, server);
  const wait = (seconds: number): void => void vi.advanceTimersByTime(seconds * 1000);
  return { connection, socket, exchanges, refusals, server, wait, closed: () => closed };
}

/** Answers an exchange at once, with a body. */
export function answer(exchange: Exchange | undefined, body = "done", isLast = false): void {
  if (exchange === undefined) throw new Error("Expected a request");
  if (isLast) exchange.isPersistent = false;
  exchange.announce("200 OK", []);
  exchange.sendWhole(Buffer.from(body));
}
