// Objects of a request are made in the young generation, whatever V8 has seen before. Without that, clients that leave and new ones that
// come teach it to make them in the old one: 400 000 requests then cause 11 to 22 full collections in place of two at most.
import { Buffer } from "node:buffer";
import { connect } from "node:net";
import { afterAll, afterEach, expect, test } from "vitest";
import { inFull } from "../in-full.ts";
import { ask, ServerProject } from "./server-project.ts";

const CONNECTIONS = 32;
/** Requests in one write, so that the client costs less than the server. */
const DEPTH = 4;
const BATCHES_OF_CONNECTION = 800;
/** Of 100 000 requests each. */
const PHASES = inFull(2, 4);

/** The only byte of each answer, which its head does not contain. */
const BODY = "!".charCodeAt(0);

/** What a browser sends. */
const REQUEST = `${[
  "GET /hello HTTP/1.1",
  "Host: shop.example",
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
  "Accept-Encoding: gzip, deflate, br, zstd",
  "Accept-Language: en-US,en;q=0.9,de;q=0.8",
  "Cache-Control: max-age=0",
  "Cookie: session=abcdef0123456789; theme=dark; visitor=1.1.1234567890.1700000000",
  "Sec-Fetch-Dest: document",
  "Sec-Fetch-Mode: navigate",
  "Sec-Fetch-Site: none",
  "Upgrade-Insecure-Requests: 1",
].join("\r\n")}\r\n\r\n`;

/** Answers later, all requests of a turn together, and counts its collections. */
const APPLICATION = `
  import { constants, PerformanceObserver } from "node:perf_hooks";
  const collections = { young: 0, full: 0 };
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { kind } = entry.detail;
      if (kind === constants.NODE_PERFORMANCE_GC_MINOR) collections.young += 1;
      if (kind === constants.NODE_PERFORMANCE_GC_MAJOR) collections.full += 1;
    }
  }).observe({ entryTypes: ["gc"] });

  const body = [Buffer.from("!")];
  let waiting = [];
  function answerAll() {
    const answers = waiting;
    waiting = [];
    for (const answer of answers) answer();
  }
  export const application = (environ, startResponse) => {
    if (environ.PATH_INFO === "/collections") {
      startResponse("200 OK", []);
      return [Buffer.from(JSON.stringify(collections))];
    }
    return new Promise((resolve) => {
      if (waiting.length === 0) setImmediate(answerAll);
      waiting.push(() => {
        startResponse("200 OK", [["Content-Type", "text/plain"]]);
        resolve(body);
      });
    });
  };
`;

const server = new ServerProject({ "app.mjs": APPLICATION });
afterEach(() => server.clean());
afterAll(() => server.remove());

/** Sends its requests on a connection of its own, and leaves when they are answered. */
function visit(port: number): Promise<void> {
  const batch = Buffer.from(REQUEST.repeat(DEPTH));
  const requests = DEPTH * BATCHES_OF_CONNECTION;
  return new Promise((resolve, reject) => {
    let answers = 0;
    const socket = connect(port, "127.0.0.1", () => socket.write(batch));
    socket.setNoDelay(true);
    socket.on("data", (chunk) => {
      for (let at = chunk.indexOf(BODY); at !== -1; at = chunk.indexOf(BODY, at + 1)) answers += 1;
      if (answers === requests) socket.destroy();
      else if (answers % DEPTH === 0) socket.write(batch);
    });
    socket.on("error", reject);
    socket.on("close", () => {
      if (answers === requests) resolve();
      else reject(new Error(`The connection ended after ${answers} answers, expected ${requests}`));
    });
  });
}

async function phases(count: number, port: number): Promise<void> {
  for (let phase = 0; phase < count; phase += 1) {
    await Promise.all(Array.from({ length: CONNECTIONS }, () => visit(port)));
  }
}

async function collections(port: number): Promise<{ young: number; full: number }> {
  return JSON.parse((await ask(port, "/collections")).body) as { young: number; full: number };
}

// What V8 learns is a matter of chance: about one server in thirty would not have shown the fault.
test.each(inFull([1], [1, 2, 3]))(
  "clients that leave and new ones that come do not make the objects of requests old, server %i",
  async () => {
    const port = await server.start(["-w", "1"]).port();
    await phases(PHASES / 2, port);
    const before = await collections(port);
    await phases(PHASES, port);
    const after = await collections(port);
    expect(after.young - before.young).toBeGreaterThan(0);
    expect(after.full - before.full).toBeLessThan(1.5 * PHASES);
  },
);
