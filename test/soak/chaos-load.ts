// A load of every kind of request at a time, each checked by its id: whole, streamed and sent as a file; uploads whole, slow and cut;
// pipelines, connections that go on, exceptions, bodies that linger in close(), slow downloads, and clients that leave.
import { createHash } from "node:crypto";
import { request, type ClientRequest } from "node:http";
import { connect } from "node:net";
import { eventually } from "../python/serve-python.ts";

/** What a failure says where a connection ended although its last answer did not say so. */
export const BROKEN_PROMISE = "cut without Connection: close";

/** Something that went wrong, and when its request was on its way, in milliseconds. */
export interface ChaosFailure {
  readonly what: string;
  readonly begun: number;
  readonly ended: number;
}

const HUNG_MILLISECONDS = 30_000;
const FAST = ["/whole", "/whole", "/whole", "/whole", "/stream", "/file", "/lingers", "/burns", "/error"];

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Clients that ask until they are stopped. */
export class ChaosLoad {
  /** Requests that did not get what they asked for. */
  readonly failures: ChaosFailure[] = [];
  /** Answers that were right. */
  answers = 0;
  readonly #port: number;
  readonly #clients: Promise<void>[];
  #isStopped = false;

  /**
   * @param port - of the server
   * @param clients - that ask at a time; every eighth is one that leaves
   */
  constructor(port: number, clients: number) {
    this.#port = port;
    this.#clients = Array.from({ length: clients }, (_, client) => this.#run(client));
  }

  /** Ends once each client has its last answer. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#clients);
  }

  /** Waits for so many answers from now on. */
  async moreAnswers(count: number): Promise<void> {
    const before = this.answers;
    await eventually(() => this.answers >= before + count, "answers as before");
  }

  /** Waits for two failures of a kind, from now on. */
  async moreOf(kind: RegExp): Promise<void> {
    const before = this.failures.length;
    const seen = (): number => this.failures.slice(before).filter(({ what }) => kind.test(what)).length;
    await eventually(() => seen() >= 2, "failures of those that need what there is not");
  }

  /** Asks for more memory than a process may have. @returns the status */
  async askTooMuch(): Promise<number> {
    const { status } = await this.#answer(this.#request("/eats", "", "GET"));
    return status;
  }

  async #run(client: number): Promise<void> {
    for (let count = 0; !this.#isStopped; count += 1) {
      const id = `c${client}n${count}.`;
      const begun = performance.now();
      const what = await this.#step(client, count, id).catch((error: unknown) => String(error));
      if (what === "") this.answers += 1;
      else this.failures.push({ what: `${id} ${what}`, begun, ended: performance.now() });
      if (what !== "") await pause(20);
    }
  }

  #step(client: number, count: number, id: string): Promise<string> {
    if (client % 8 === 7) return this.#leave(count, id);
    if (client % 8 === 5) return this.#pipeline(id);
    if (client % 8 === 4) return this.#goOn(id);
    if (client % 8 === 6 && count % 8 === 0) return this.#download(id);
    const kind = (client + count) % 12;
    if (kind === 9) return this.#upload(id, 400_000, 0);
    if (kind === 10) return this.#upload(id, 60_000, 15);
    if (kind === 11) return this.#pipeline(id);
    return this.#ask(FAST[kind] ?? "/whole", id);
  }

  async #ask(path: string, id: string): Promise<string> {
    const { status, text, shown } = await this.#answer(this.#request(path, id, "GET"));
    if (path === "/error") return status === 500 && !/c\d+n\d+\./.test(text) ? "" : `${path}: ${status}`;
    const expected = id.repeat(path === "/stream" ? 5 : path === "/file" ? 20_000 : 1);
    return status === 200 && shown === id && text === expected ? "" : `${path}: ${status}${mixed(text, id)}`;
  }

  async #upload(id: string, bytes: number, pauseMilliseconds: number): Promise<string> {
    const body = Buffer.alloc(bytes, id);
    const outgoing = this.#request("/hash", id, "POST", bytes);
    const answer = this.#answer(outgoing);
    answer.catch(() => undefined); // looked at below, when everything is sent
    for (let part = 0; part < 4; part += 1) {
      outgoing.write(body.subarray((bytes / 4) * part, (bytes / 4) * (part + 1)));
      if (pauseMilliseconds > 0) await pause(pauseMilliseconds);
    }
    outgoing.end();
    const { status, text, shown } = await answer;
    const digest = createHash("sha256").update(body).digest("hex");
    return status === 200 && shown === id && text === digest ? "" : `/hash: ${status}${mixed(text, id)}`;
  }

  /** Reads some megabytes in pieces, with a rest after each: more than fits into the buffers on the way. */
  async #download(id: string): Promise<string> {
    const outgoing = this.#request("/large", id, "GET");
    const { status, text, shown } = await this.#answer(outgoing, 25);
    const isRight = status === 200 && shown === id && text === id.repeat(600_000);
    return isRight ? "" : `/large: ${status} with ${text.length} characters${mixed(text, id)}`;
  }

  /** A stream and two more requests in one write; the answers come in their order, on the connection that the last one ends. */
  #pipeline(id: string): Promise<string> {
    return new Promise((resolve) => {
      const ids = [`${id}a`, `${id}b`, `${id}c`];
      const socket = connect(this.#port, "127.0.0.1");
      let text = "";
      socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
      socket.setTimeout(HUNG_MILLISECONDS, () => socket.destroy(new Error("hung")));
      socket.on("error", (error) => resolve(`pipeline: ${error.message}; ${JSON.stringify(text)}`));
      socket.on("close", () => resolve(judgePipeline(text, id, ids)));
      const heads = ids.map((name, index) => {
        const last = index === 2 ? "Connection: close\r\n" : "";
        return `GET ${index === 0 ? "/stream" : "/whole"}?${name} HTTP/1.1\r\nHost: chaos\r\n${last}\r\n`;
      });
      socket.write(heads.join(""));
    });
  }

  /**
   * Asks for streams on one connection, the next one as soon as the last one is there. Whatever happens to the server meanwhile, an answer
   * that did not say `Connection: close` has promised the next one.
   */
  #goOn(id: string): Promise<string> {
    return new Promise((resolve) => {
      const ids = ["a", "b", "c", "d", "e", "f", "g", "h"].map((letter) => id + letter);
      const socket = connect(this.#port, "127.0.0.1");
      let text = "";
      let asked = 0;
      const end = (what: string): void => {
        resolve(what);
        socket.destroy();
      };
      const ask = (): void => {
        text = "";
        socket.write(`GET /stream?${ids[asked]} HTTP/1.1\r\nHost: chaos\r\n\r\n`);
        asked += 1;
      };
      const cut = (): string => `stream ${asked}: ${text === "" && asked > 1 ? BROKEN_PROMISE : JSON.stringify(text)}`;
      socket.setNoDelay(true);
      socket.setTimeout(HUNG_MILLISECONDS, () => end("stream: hung"));
      socket.on("error", (error) => end(`${cut()}; ${error.message}`));
      socket.on("close", () => end(cut()));
      socket.setEncoding("latin1").on("data", (chunk: string) => {
        text += chunk;
        const [whole, head = "", body = ""] = ANSWER.exec(text) ?? [];
        if (whole === undefined) return;
        const each = ids[asked - 1] ?? "";
        if (!head.includes(`\r\nX-Id: ${each}\r\n`) || chunksOf(body) !== each.repeat(5)) end(`${cut()} MIXED UP`);
        else if (asked === ids.length || /^Connection: close\r$/m.test(head)) end("");
        else ask();
      });
      ask();
    });
  }

  /** Uploads half of something, or reads the first bytes of a stream; nothing is expected. */
  async #leave(count: number, id: string): Promise<string> {
    const isUpload = count % 2 === 0;
    const outgoing = this.#request(isUpload ? "/hash" : "/stream", id, isUpload ? "POST" : "GET", 300_000);
    outgoing.on("error", () => {});
    outgoing.on("response", (response) => response.on("error", () => {}).on("data", () => outgoing.destroy()));
    if (isUpload) outgoing.write(Buffer.alloc(100_000));
    else outgoing.end();
    await pause(15);
    outgoing.destroy();
    return "";
  }

  #request(path: string, id: string, method: "GET" | "POST", bytes = 0): ClientRequest {
    return request({
      host: "127.0.0.1",
      port: this.#port,
      agent: false,
      method,
      path: `${path}?${id}`,
      headers: method === "POST" ? { "Content-Length": String(bytes) } : {},
    });
  }

  #answer(outgoing: ClientRequest, restMilliseconds = 0): Promise<{ status: number; text: string; shown: unknown }> {
    return new Promise((resolve, reject) => {
      outgoing.setTimeout(HUNG_MILLISECONDS, () => outgoing.destroy(new Error("hung")));
      outgoing.on("error", reject);
      outgoing.on("response", (response) => {
        let text = "";
        response.setEncoding("latin1").on("data", (chunk: string) => {
          text += chunk;
          if (restMilliseconds === 0) return;
          response.pause();
          setTimeout(() => response.resume(), restMilliseconds);
        });
        response.on("error", reject);
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text, shown: response.headers["x-id"] }));
      });
      if (outgoing.method === "GET") outgoing.end();
    });
  }
}

/** A whole answer of the application to one of a pipeline: no body holds a line, unless it comes in chunks. */
const ANSWER = /^(HTTP\/1\.1 200 (?:.+\r\n)+)\r\n((?:[0-9a-f]+\r\n.+\r\n)+0\r\n\r\n|c\d+n\d+\.[a-h])/;
/**
 * Looks at what came back on a pipelined connection. Fewer answers than requests are right only where the last one said
 * `Connection: close`: what came behind it is for another connection (RFC 9112 section 9.6).
 */
function judgePipeline(text: string, id: string, ids: readonly string[]): string {
  let rest = text;
  for (const [index, each] of ids.entries()) {
    if (rest === "") return `pipeline: ${BROKEN_PROMISE}, before ${each}${mixed(text, id)}`;
    const [whole, head, body = ""] = ANSWER.exec(rest) ?? [];
    if (whole === undefined || head === undefined) return `pipeline: ${JSON.stringify(rest)}${mixed(text, id)}`;
    const isRight = head.includes(`\r\nX-Id: ${each}\r\n`) && chunksOf(body) === each.repeat(index === 0 ? 5 : 1);
    if (!isRight) return `pipeline: ${JSON.stringify(rest)} MIXED UP`;
    rest = rest.slice(whole.length);
    if (/^Connection: close\r$/m.test(head)) break;
  }
  return rest === "" ? "" : `pipeline: ${JSON.stringify(rest)} behind the last answer, MIXED UP`;
}

/** What comes in chunks, whose lines are lengths and bytes in turn. */
function chunksOf(body: string): string {
  if (!body.includes("\r\n")) return body;
  return body
    .split("\r\n")
    .filter((_, index) => index % 2 === 1)
    .join("");
}

/** Says so when an answer bears the id of another request: that no kill excuses. */
function mixed(text: string, id: string): string {
  return /c\d+n\d+\./.test(text.replaceAll(id, "")) ? " MIXED UP" : "";
}
