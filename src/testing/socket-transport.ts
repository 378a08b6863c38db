// Sends the test client's requests over TCP, TLS or a unix socket. It uses node:http's client, which shares no code with our
// engine, so that the two check each other.

import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { finished } from "node:stream/promises";
import type { SecureContextOptions } from "node:tls";
import type { Bytes, HeaderList } from "../wsgi/types.ts";
import { NoResponseError, RedirectError } from "./errors.ts";
import { isStreamed } from "./is-streamed.ts";
import { type RequestTarget, absoluteForm, originForm } from "./request-target.ts";
import type { Transport, WireRequest, WireResponse } from "./transport.ts";

/** Where a server listens. */
export type ServerAddress = { readonly host: string; readonly port: number } | { readonly path: string };

/** TLS options of the client. */
export interface ClientTlsOptions extends SecureContextOptions {
  /** Name to request (SNI) and to check. @default the host of the URL */
  readonly servername?: string;
  /** Whether an unknown certificate is an error. @default true */
  readonly rejectUnauthorized?: boolean;
}

/** Carries requests over keep-alive connections to one server. */
export class SocketTransport implements Transport {
  readonly #address: ServerAddress;
  readonly #base: Pick<RequestTarget, "scheme" | "host">;
  readonly #tls: ClientTlsOptions;
  readonly #agent: HttpAgent;

  /**
   * @param base - scheme and host of the server under test; requests elsewhere are refused
   * @param address - where that server listens
   */
  constructor(base: Pick<RequestTarget, "scheme" | "host">, address: ServerAddress, tls: ClientTlsOptions = {}) {
    this.#base = base;
    this.#address = address;
    this.#tls = tls;
    this.#agent = base.scheme === "https" ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
  }

  async send(wire: WireRequest): Promise<WireResponse> {
    const { target } = wire;
    if (target.scheme !== this.#base.scheme || target.host !== this.#base.host) {
      const base = `${this.#base.scheme}://${this.#base.host}`;
      throw new RedirectError(`Expected an address of the server under test, "${base}", got "${absoluteForm(target)}"`);
    }
    const request = this.#open(wire);
    try {
      return await exchange(request, wire);
    } catch (error) {
      // The server may close an idle connection at the moment in which we use it; a browser sends the request again too.
      const isStale =
        request.reusedSocket && isReset(error) && !isStreamed(wire.content) && !wire.watch.signal?.aborted;
      if (isStale) return exchange(this.#open(wire), wire);
      throw error;
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #open({ method, target, headers }: WireRequest): ClientRequest {
    const open = target.scheme === "https" ? httpsRequest : httpRequest;
    const where = "path" in this.#address ? { socketPath: this.#address.path } : this.#address;
    return open({
      ...where,
      ...(target.scheme === "https" ? this.#tls : {}),
      method,
      path: originForm(target),
      headers: headers.flat(),
      agent: this.#agent,
    });
  }
}

async function exchange(request: ClientRequest, wire: WireRequest): Promise<WireResponse> {
  const { signal } = wire.watch;
  const leave = (): void => void request.destroy();
  signal?.addEventListener("abort", leave);
  try {
    const earlyHints: HeaderList[] = [];
    request.on("information", ({ statusCode, rawHeaders }) => {
      if (statusCode === 103) earlyHints.push(headerPairsOf(rawHeaders));
    });
    const arrived = responseTo(request);
    if (signal?.aborted) leave();
    else void sendContent(request, wire.content);
    const response = await arrived;
    const body = await readBody(request, response, wire);
    return {
      status: response.statusCode ?? 0,
      reason: response.statusMessage ?? "",
      headers: headerPairsOf(response.rawHeaders),
      earlyHints,
      errors: "",
      ...body,
    };
  } finally {
    signal?.removeEventListener("abort", leave);
  }
}

function responseTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once("response", resolve);
    // Stays attached: an error while the response is being read shows there as well.
    request.on("error", (cause) => {
      reject(new NoResponseError(`The exchange ended without a response: ${cause.message}`, { cause }));
    });
  });
}

async function sendContent(request: ClientRequest, content: WireRequest["content"]): Promise<void> {
  if (!isStreamed(content)) {
    request.end(content ?? undefined);
    return;
  }
  const closed = once(request, "close");
  try {
    for await (const chunk of content) {
      if (request.destroyed) return;
      if (!request.write(chunk)) await Promise.race([once(request, "drain"), closed]);
    }
    request.end();
  } catch (error) {
    request.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

function once(request: ClientRequest, event: string): Promise<void> {
  return new Promise((resolve) => request.once(event, () => resolve()));
}

async function readBody(
  request: ClientRequest,
  response: IncomingMessage,
  { watch }: WireRequest,
): Promise<Pick<WireResponse, "chunks" | "isComplete" | "error">> {
  const chunks: Bytes[] = [];
  let received = 0;
  const leaveIfEnough = (): void => {
    if (watch.leaveAfterBytes !== undefined && received >= watch.leaveAfterBytes) request.destroy();
  };
  response.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    received += chunk.length;
    watch.onChunk?.(chunk);
    leaveIfEnough();
  });
  leaveIfEnough();
  try {
    await finished(response, { writable: false });
    return { chunks, isComplete: response.complete, error: undefined };
  } catch (error) {
    return { chunks, isComplete: false, error };
  }
}

function headerPairsOf(raw: readonly string[]): HeaderList {
  const pairs: HeaderList = [];
  for (let index = 0; index < raw.length; index += 2) pairs.push([raw[index] ?? "", raw[index + 1] ?? ""]);
  return pairs;
}

function isReset(error: unknown): boolean {
  const cause = error instanceof NoResponseError ? error.cause : error;
  return cause instanceof Error && "code" in cause && (cause.code === "ECONNRESET" || cause.code === "EPIPE");
}
