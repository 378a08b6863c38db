// Sends one request as a client would, on a connection of its own.
import { request } from "node:http";

/** How a request differs from a plain GET. */
export interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Leave when the first bytes of the response body have come. */
  readonly leaves?: boolean;
}

/** What came back. */
export interface Got {
  readonly status: number;
  readonly body: Buffer;
  readonly cookies: readonly string[];
  /** The connection broke before the response was complete. */
  readonly isBroken: boolean;
}

/**
 * Asks, and waits for the end.
 *
 * @param port - of 127.0.0.1
 * @param path - as it goes into the request line
 * @throws the system's error when there is no response at all
 */
export function ask(port: number, path: string, sent: Sent = {}): Promise<Got> {
  const { method = "GET", headers = {}, body, leaves = false } = sent;
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: "127.0.0.1", port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      const got = (isBroken: boolean): void =>
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks),
          cookies: response.headers["set-cookie"] ?? [],
          isBroken,
        });
      response.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        if (leaves) outgoing.destroy();
      });
      response.on("error", () => got(true));
      response.on("end", () => got(false));
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
