// Serves an application on loopback for one test and keeps what it logs. Everything that was opened is closed behind the test.
import { onTestFinished } from "vitest";

import type { AccessEntry } from "../../src/gateways/access-entry.ts";
import type { Limits } from "../../src/http/limits.ts";
import { makeServer, type ServerOptions, type WSGIServer } from "../../src/server/make-server.ts";
import type { ServerAddress } from "../../src/testing/socket-transport.ts";
import type { WSGIApplicationLike } from "../../src/wsgi/types.ts";

/** A server that runs for one test. */
export interface Served {
  readonly server: WSGIServer;
  readonly address: ServerAddress;
  /** What was written to `wsgi.errors`. */
  readonly errors: () => string;
  /** The access log of what reached the application. */
  readonly entries: readonly AccessEntry[];
  /** The access log of what was refused before. */
  readonly refusals: readonly AccessEntry[];
}

/** How to serve. */
export interface ServeOptions extends Omit<ServerOptions, "errors" | "accessLog"> {
  /** Limits that differ from the defaults. */
  readonly limits?: Partial<Limits>;
  /** @default "127.0.0.1" */
  readonly host?: string;
}

/** Serves `application` until the test is over. */
export async function serve(application: WSGIApplicationLike, options: ServeOptions = {}): Promise<Served> {
  const { host = "127.0.0.1", ...rest } = options;
  let log = "";
  const errors = {
    write(text: string): void {
      log += text;
    },
    writelines(lines: Iterable<string>): void {
      for (const line of lines) log += line;
    },
    flush(): void {},
  };
  const entries: AccessEntry[] = [];
  const refusals: AccessEntry[] = [];
  const server = makeServer(host, 0, application, {
    ...rest,
    errors,
    accessLog: (entry) => (entry.isRefused ? refusals : entries).push(entry),
  });
  await server.listen();
  onTestFinished(() => server.close(0));
  return { server, address: server.address, errors: () => log, entries, refusals };
}

/** Resolves once `isTrue` holds; asks every few milliseconds, and leaves giving up to the test's own limit. */
export async function eventually(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) {
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}
