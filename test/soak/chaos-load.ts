// A load of every kind of request at a time, each checked by its id: whole, streamed and sent as a file; uploads whole, slow and cut;
// pipelines, exceptions, bodies that linger in close(), and clients that leave.
import { createHash } from "node:crypto";
import { request, type ClientRequest } from "node:http";
import { connect } from "node:net";

/** The application for it, in Python; `{version}` stands in it for the version of the code. */
export const CHAOS_APPLICATION = `
import hashlib
import tempfile
import time

VERSION = {version}


class Lingering:
    def __init__(self, word):
        self.word = word

    def __iter__(self):
        return iter([self.word])

    def close(self):
        time.sleep(0.02)


def stream(word):
    for _ in range(5):
        time.sleep(0.002)
        yield word


def application(environ, start_response):
    word = environ["QUERY_STRING"].encode()
    path = environ["PATH_INFO"]
    if path == "/error":
        raise RuntimeError("deliberate")
    headers = [("Content-Type", "text/plain"), ("X-Id", environ["QUERY_STRING"])]
    if path == "/hash":
        digest = hashlib.sha256()
        while True:
            piece = environ["wsgi.input"].read(65536)
            if not piece:
                break
            digest.update(piece)
        word = digest.hexdigest().encode()
    start_response("200 OK", headers)
    if path == "/stream":
        return stream(word)
    if path == "/file":
        file = tempfile.TemporaryFile()
        file.write(word * 20000)
        file.seek(0)
        return environ["wsgi.file_wrapper"](file)
    if path == "/lingers":
        return Lingering(word)
    if path == "/burns":
        until = time.perf_counter() + 0.012
        while time.perf_counter() < until:
            pass
    return [word]
`;

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
    for (let part = 0; part < 4; part += 1) {
      outgoing.write(body.subarray((bytes / 4) * part, (bytes / 4) * (part + 1)));
      if (pauseMilliseconds > 0) await pause(pauseMilliseconds);
    }
    outgoing.end();
    const { status, text, shown } = await answer;
    const digest = createHash("sha256").update(body).digest("hex");
    return status === 200 && shown === id && text === digest ? "" : `/hash: ${status}${mixed(text, id)}`;
  }

  /** Three requests in one write; the answers come in their order, on the connection that the last one ends. */
  #pipeline(id: string): Promise<string> {
    return new Promise((resolve) => {
      const ids = [`${id}a`, `${id}b`, `${id}c`];
      const socket = connect(this.#port, "127.0.0.1");
      let text = "";
      socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
      socket.setTimeout(HUNG_MILLISECONDS, () => socket.destroy(new Error("hung")));
      socket.on("error", (error) => resolve(`pipeline: ${error.message}`));
      socket.on("close", () => {
        const seen = [...text.matchAll(/^X-Id: (.*)\r$/gim)].map(([, name]) => name);
        // A server that is about to leave says so with an answer; what came behind that request is for another connection.
        const isWhole = seen.length === 3 || (seen.length > 0 && /^Connection: close\r$/im.test(text));
        resolve(
          isWhole && seen.join() === ids.slice(0, seen.length).join()
            ? ""
            : `pipeline: ${seen.join()} ${text.slice(0, 12)}`,
        );
      });
      const heads = ids.map((name, index) => {
        const last = index === 2 ? "Connection: close\r\n" : "";
        return `GET /whole?${name} HTTP/1.1\r\nHost: chaos\r\n${last}\r\n`;
      });
      socket.write(heads.join(""));
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

  #answer(outgoing: ClientRequest): Promise<{ status: number; text: string; shown: unknown }> {
    return new Promise((resolve, reject) => {
      outgoing.setTimeout(HUNG_MILLISECONDS, () => outgoing.destroy(new Error("hung")));
      outgoing.on("error", reject);
      outgoing.on("response", (response) => {
        let text = "";
        response.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
        response.on("error", reject);
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text, shown: response.headers["x-id"] }));
      });
      if (outgoing.method === "GET") outgoing.end();
    });
  }
}

/** Says so when an answer bears the id of another request: that no kill excuses. */
function mixed(text: string, id: string): string {
  return /c\d+n\d+\./.test(text.replaceAll(id, "")) ? " MIXED UP" : "";
}
