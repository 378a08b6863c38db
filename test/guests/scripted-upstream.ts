// A server that says exactly what a test wants, whatever it is asked.
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";

/** A connection as a script sees it. */
export interface ScriptedConnection {
  readonly socket: Socket;
  /** Counted from 1 over the life of the server. */
  readonly number: number;
  /** All that was received, as latin-1. */
  readonly text: string;
  /** Waits until a text has been received so many times. */
  readonly saw: (text: string, times?: number) => Promise<void>;
  /** Sends text, as latin-1. */
  readonly say: (text: string) => void;
  /** Ends the connection behind what was said. */
  readonly end: () => void;
  /** Cuts it (RST). */
  readonly reset: () => void;
  /** Waits until the client has closed it. */
  readonly closed: () => Promise<void>;
}

/** What happens on each connection. */
export type UpstreamScript = (connection: ScriptedConnection) => Promise<void> | void;

/** A server with a script. */
export class ScriptedUpstream {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly connections: ScriptedConnection[] = [];
  /** What a script threw, for the test to see. */
  readonly errors: unknown[] = [];
  script: UpstreamScript;

  constructor(script: UpstreamScript) {
    this.script = script;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
  }

  /** Starts one. */
  static async listen(script: UpstreamScript): Promise<ScriptedUpstream> {
    const upstream = new ScriptedUpstream(script);
    upstream.#server.listen(0, "127.0.0.1");
    await once(upstream.#server, "listening");
    return upstream;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    const pieces: Buffer[] = [];
    let isClosed = false;
    let news: () => void = () => {};
    const until = async (isSo: () => boolean): Promise<void> => {
      while (!isSo()) {
        if (isClosed) throw new Error(`The connection ended; what came: ${JSON.stringify(connection.text)}`);
        await new Promise<void>((resolve) => {
          news = resolve;
        });
      }
    };
    const connection: ScriptedConnection = {
      socket,
      number: this.connections.length + 1,
      get text() {
        return Buffer.concat(pieces).toString("latin1");
      },
      saw: (text, times = 1) => until(() => connection.text.split(text).length > times),
      say: (text) => void socket.write(text, "latin1"),
      end: () => void socket.end(),
      reset: () => void socket.resetAndDestroy(),
      closed: () => (isClosed ? Promise.resolve() : until(() => isClosed)),
    };
    const close = (): void => {
      isClosed = true;
      news();
    };
    socket.on("data", (chunk) => {
      pieces.push(chunk);
      news();
    });
    socket.on("end", close).on("error", close).on("close", close);
    this.connections.push(connection);
    Promise.resolve(this.script(connection)).catch((error: unknown) => this.errors.push(error));
  }
}
