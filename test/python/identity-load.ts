// Load in which each answer carries its request's id, so that an answer to somebody else's request is noticed.
import { Agent, request } from "node:http";

/** How a request asks, apart from its id; the application answers with the id, so many times. */
interface Form {
  readonly path: string;
  readonly times: number;
  readonly body?: (id: string) => Buffer;
}

/** What became of requests. */
export interface LoadRecord {
  /** Requests by status; `broken` for those whose connection broke, `hung` for those that were given up. */
  readonly counts: Map<string, number>;
  /** Answers that belong to another request, or to none. */
  readonly wrong: readonly string[];
}

/** An answer that takes longer than this hangs, in milliseconds. */
const HUNG_MILLISECONDS = 20_000;
/** So that clients who are refused do not take the processor from those who start again, in milliseconds. */
const AFTER_FAILURE_MILLISECONDS = 20;

const FORMS: readonly Form[] = [
  { path: "/whole", times: 1 },
  { path: "/stream", times: 5 },
  { path: "/slow", times: 1 },
  { path: "/echo", times: 1, body: (id) => Buffer.from(id) },
  // More than is kept in memory: it goes through a temporary file.
  { path: "/spooled", times: 1, body: (id) => Buffer.alloc(400_000, `${id};`) },
];

/** The application for it, in Python. */
export const IDENTITY_APPLICATION = `
import time

def application(environ, start_response):
    word = environ["QUERY_STRING"].encode()
    path = environ["PATH_INFO"]
    start_response("200 OK", [("Content-Type", "text/plain")])
    if path == "/stream":
        return stream(word)
    if path == "/slow":
        time.sleep(0.02)
    elif path == "/echo":
        word = environ["wsgi.input"].read()
    elif path == "/spooled":
        words = set(environ["wsgi.input"].read().split(b";")[:-1])
        word = b" ".join(sorted(words))
    return [word]

def stream(word):
    for _ in range(5):
        time.sleep(0.001)
        yield word
`;

/** Clients that ask one request after another, each on a connection that it keeps. */
export class IdentityLoad {
  readonly #port: number;
  readonly #counts = new Map<string, number>();
  readonly #wrong: string[] = [];
  readonly #clients: Promise<void>[];
  #isStopped = false;

  constructor(port: number, clients: number) {
    this.#port = port;
    this.#clients = Array.from({ length: clients }, (_, client) => this.#run(client));
  }

  /** Answers with status 200 so far. */
  get answered(): number {
    return this.#counts.get("200") ?? 0;
  }

  /** Ends once each client has its last answer. */
  async stop(): Promise<LoadRecord> {
    this.#isStopped = true;
    await Promise.all(this.#clients);
    return { counts: this.#counts, wrong: this.#wrong };
  }

  async #run(client: number): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let count = 0; !this.#isStopped; count += 1) {
      const form = FORMS[(client + count) % FORMS.length] as Form; // the index is within
      const outcome = await this.#ask(agent, form, `c${client}n${count}`);
      this.#counts.set(outcome, (this.#counts.get(outcome) ?? 0) + 1);
      if (outcome !== "200") await new Promise((resolve) => setTimeout(resolve, AFTER_FAILURE_MILLISECONDS));
    }
    agent.destroy();
  }

  #ask(agent: Agent, form: Form, id: string): Promise<string> {
    return new Promise((resolve) => {
      const body = form.body?.(id);
      const outgoing = request(
        {
          host: "127.0.0.1",
          port: this.#port,
          agent,
          method: body === undefined ? "GET" : "POST",
          path: `${form.path}?${id}`,
          headers: body === undefined ? {} : { "Content-Length": String(body.length) },
        },
        (response) => {
          let text = "";
          response.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
          response.on("error", () => resolve("broken"));
          response.on("end", () => {
            const status = String(response.statusCode);
            // A body that bears ids of others is wrong at any status.
            const expected = status === "200" ? text === id.repeat(form.times) : !/c\d+n\d+/.test(text);
            if (!expected) this.#wrong.push(`${form.path} ${id} got ${status}: ${text.slice(0, 200)}`);
            resolve(status);
          });
        },
      );
      outgoing.setTimeout(HUNG_MILLISECONDS, () => {
        resolve("hung");
        outgoing.destroy();
      });
      outgoing.on("error", () => resolve("broken"));
      outgoing.end(body);
    });
  }
}
