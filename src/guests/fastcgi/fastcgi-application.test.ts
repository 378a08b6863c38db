// What a FastCGI application is sent, and hostile ones on real sockets.
import { afterEach, describe, expect, test } from "vitest";
import { ScriptedUpstream, type UpstreamScript } from "../../../test/guests/scripted-upstream.ts";
import { decodePairs } from "../../protocols/fastcgi/pairs.ts";
import { encodeRecord, endRecord, RecordType } from "../../protocols/fastcgi/record.ts";
import { type FastCGIRecord, RecordDecoder } from "../../protocols/fastcgi/record-decoder.ts";
import { TestClient } from "../../testing/test-client.ts";
import { fastcgiApplication, type FastCGIOptions } from "./fastcgi-application.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const record = (type: number, content = "", id = 1, padding = 0): string => {
  const bytes = encodeRecord(type, id, content);
  bytes[6] = padding;
  return bytes.toString("latin1") + "p".repeat(padding);
};
const stdout = (content: string, padding = 0): string => record(RecordType.stdout, content, 1, padding);
const stderr = (content: string): string => record(RecordType.stderr, content);
const END = endRecord(1, 0);
const HEAD = "Content-Type: text/plain\r\n\r\n";
/** What the last record of each request contains. */
const REQUEST_END = record(RecordType.stdin);

async function talking(
  script: UpstreamScript,
  options: Partial<FastCGIOptions> = {},
): Promise<{ upstream: ScriptedUpstream; client: TestClient; application: ReturnType<typeof fastcgiApplication> }> {
  const upstream = await ScriptedUpstream.listen(script);
  const application = fastcgiApplication({ ...options, upstream: `127.0.0.1:${upstream.port}` });
  cleanups.push(
    () => application.close(),
    () => upstream.close(),
  );
  return { upstream, application, client: new TestClient(application, { validate: false }) };
}

const saying =
  (text: string, isEnded = true): UpstreamScript =>
  async ({ saw, say, end }) => {
    await saw(REQUEST_END);
    say(text);
    if (isEnded) end();
  };

describe("A FastCGI application answers", () => {
  test.each([
    ["in one record", stdout(`${HEAD}hello`) + END],
    ["with padding", stdout(HEAD, 255) + stdout("hello", 3) + END],
    ["with the end of STDOUT", stdout(`${HEAD}hello`) + stdout("") + END],
    ["in a record for each byte", Array.from(`${HEAD}hello`, (byte) => stdout(byte)).join("") + END],
    ["with bare line feeds", stdout("Content-Type: text/plain\n\nhello") + END],
    ["without END_REQUEST, but with all that its length said", stdout(`Content-Length: 5\r\n${HEAD}hello`)],
    ["with noise behind the end", `${stdout(`${HEAD}hello`)}${END}noise`],
    [
      "beside records of the connection",
      record(RecordType.unknown, "\x0c\0\0\0\0\0\0\0", 0) + stdout(`${HEAD}hello`) + END,
    ],
  ])("%s", async (_what, text) => {
    const { client } = await talking(saying(text));
    const response = await client.get("/");
    expect([response.status, response.text(), response.errors]).toEqual([200, "hello", ""]);
  });

  test("in any pieces", async () => {
    const text = stdout(HEAD, 7) + stderr("a note\n") + stdout("hello") + stdout("") + END;
    const { client } = await talking(async ({ saw, socket }) => {
      await saw(REQUEST_END);
      for (const byte of Buffer.from(text, "latin1")) {
        socket.write(Buffer.from([byte]));
        await new Promise((resolve) => void setImmediate(resolve));
      }
    });
    const response = await client.get("/");
    expect([response.status, response.text()]).toEqual([200, "hello"]);
    expect(response.errors).toMatch(/^Upstream "fastcgi:\/\/127\.0\.0\.1:\d+": a note \(GET \/\)\n$/);
  });

  test("what it says on STDERR goes to the log, line by line, harmless and bounded", async () => {
    const noise = stderr(`${"x".repeat(1000)}\n`.repeat(60));
    const { client } = await talking(
      saying(stderr("one\ntw") + stderr("o\x1b[31m\n") + noise + noise + stdout(HEAD) + END),
    );
    const { errors } = await client.get("/");
    const lines = errors.trimEnd().split("\n");
    expect(lines.slice(0, 2)).toEqual([expect.stringContaining(": one ("), expect.stringContaining(": two?[31m (")]);
    expect(lines.at(-1)).toContain("more than 65536 bytes of messages");
    expect(errors.length).toBeLessThan(200_000);
  });
});

describe("What a FastCGI application must not say is a 502", () => {
  test.each([
    ["nothing", "", "The connection was closed before END_REQUEST"],
    ["no FastCGI", "HTTP/1.1 400 Bad Request\r\n\r\n", "Expected a record of FastCGI version 1"],
    ["an end without a head", END, "The answer is empty"],
    ["an end in the head", stdout("Content-Type: a\r\n") + END, "ends within its head"],
    ["a body alone", stdout("<html>\n\n") + END, "Expected a header field"],
    ["a record of another request", record(RecordType.stdout, HEAD, 2) + END, "got one of request 2"],
    ["an end of another request", stdout(HEAD) + endRecord(7, 0), "got one of request 7"],
    ["a record of request 0", record(RecordType.stdout, HEAD, 0) + END, "got one of request 0"],
    ["a record of a type that is a request's", stdout(HEAD) + record(RecordType.stdin, "x") + END, "got type 5"],
    ["a type that nobody knows", record(99, "x") + END, "got type 99"],
    ["overloaded", endRecord(1, 2), "overloaded"],
    ["no multiplexing", endRecord(1, 1), "overloaded"],
    ["not its role", endRecord(1, 3), "no responder"],
    ["a status that nobody knows", stdout(HEAD) + endRecord(1, 9), "protocol status 9"],
    ["a long END_REQUEST", stdout(HEAD) + record(RecordType.endRequest, "\0".repeat(9)), "has 9 bytes"],
    ["a short END_REQUEST", stdout(HEAD) + record(RecordType.endRequest, "\0\0\0\0"), "has 4 bytes"],
    ["two statuses", stdout(`Status: 200\r\nStatus: 201\r\n${HEAD}`) + END, "Status twice"],
    ["status 100", stdout(`Status: 100\r\n${HEAD}`) + END, "from 200 to 599"],
    ["two lengths", stdout(`Content-Length: 1\r\nContent-Length: 2\r\n${HEAD}a`) + END, "Content-Length twice"],
    ["Transfer-Encoding", stdout(`Transfer-Encoding: chunked\r\n${HEAD}0\r\n\r\n`) + END, "Transfer-Encoding"],
    ["NUL in a head", stdout("Content-Type: a\0b\r\n\r\n") + END, "control character"],
    ["too few bytes, at once", stdout(`Content-Length: 9\r\n${HEAD}abc`) + END, "9 announced, 3 given"],
    ["an endless head", stdout(`X: ${"y".repeat(60_000)}`) + stdout("z".repeat(60_000)), "longer than 65536 bytes"],
  ])("%s", async (_what, text, message) => {
    const { client, application } = await talking(saying(text));
    const response = await client.get("/");
    expect([response.status, response.text()]).toEqual([502, "502 Bad Gateway\n"]);
    expect(response.errors.trimEnd().split("\n")).toEqual([expect.stringContaining(message)]);
    expect(application.stats().addresses[0]).toMatchObject({ active: 0, idle: 0 });
  });

  test("a surplus is cut off", async () => {
    const { client } = await talking(saying(stdout(`Content-Length: 2\r\n${HEAD}abc`) + END));
    const response = await client.get("/");
    expect([response.text(), response.errors]).toEqual(["ab", expect.stringContaining("the surplus was cut off")]);
  });

  test("an answer that stops in its body breaks off", async () => {
    const { client } = await talking(async ({ saw, say, end }) => {
      await saw(REQUEST_END);
      say(stdout(`${HEAD}abc`));
      await new Promise((resolve) => void setTimeout(resolve, 30));
      end();
    });
    const response = await client.get("/");
    expect([response.status, response.text(), response.isComplete]).toEqual([200, "abc", false]);
  });

  test("an exit status is told", async () => {
    const { client } = await talking(saying(stdout(HEAD) + endRecord(1, 0, 255)));
    expect((await client.get("/")).errors).toContain("the script ended with status 255");
  });
});

describe("A request", () => {
  const recordsOf = (text: string): FastCGIRecord[] => {
    const records: FastCGIRecord[] = [];
    new RecordDecoder(({ type, id, content }) => records.push({ type, id, content: Buffer.from(content) })).push(
      Buffer.from(text, "latin1"),
    );
    return records;
  };

  test("is one begin, one record of variables, the body, and their ends", async () => {
    const { client, upstream } = await talking(saying(stdout(`${HEAD}ok`) + END));
    await client.post("/a%20b?c", {
      body: Buffer.alloc(70_000, 1),
      headers: { Authorization: "x", Proxy: "evil", "X-A": "b" },
    });
    const records = recordsOf(upstream.connections[0]?.text ?? "");
    expect(records.map(({ type }) => type).filter((type) => type !== RecordType.stdin)).toEqual([1, 4, 4]);
    expect(records.every(({ id }) => id === 1)).toBe(true);
    expect([...(records[0]?.content ?? [])]).toEqual([0, 1, 0, 0, 0, 0, 0, 0]);
    const stdin = records.filter(({ type }) => type === RecordType.stdin);
    expect(Buffer.concat(stdin.map(({ content }) => content))).toEqual(Buffer.alloc(70_000, 1));
    expect(stdin.at(-1)?.content.length).toBe(0);
    const variables = Object.fromEntries(decodePairs(records[1]?.content ?? Buffer.alloc(0)));
    expect(variables).toMatchObject({
      CONTENT_LENGTH: "70000",
      PATH_INFO: "/a b",
      QUERY_STRING: "c",
      HTTP_X_A: "b",
      HTTP_AUTHORIZATION: "x",
    });
    expect(Object.keys(variables).filter((name) => /PROXY|PHP_|SCRIPT_FILENAME/.test(name))).toEqual([]);
  });

  test("says the length of a body that came in chunks", async () => {
    const { client, upstream } = await talking(saying(stdout(`${HEAD}ok`) + END));
    const chunks = (async function* () {
      yield Buffer.from("ab");
      yield Buffer.from("cd");
    })();
    await client.post("/", { body: chunks });
    const [, params] = recordsOf(upstream.connections[0]?.text ?? "");
    expect(Object.fromEntries(decodePairs(params?.content ?? Buffer.alloc(0)))["CONTENT_LENGTH"]).toBe("4");
  });

  test("with more variables than fit into a record is 431", async () => {
    const { client, upstream } = await talking(saying(""));
    expect((await client.get("/", { headers: { A: "x".repeat(66_000) } })).status).toBe(431);
    expect(upstream.connections).toEqual([]);
  });

  test("that is for no script is 404, and a NUL is 400", async () => {
    const { client, upstream } = await talking(saying(""), { root: "/nowhere", remote: true });
    expect((await client.get("/a.txt")).status).toBe(404);
    const plain = await talking(saying(""));
    expect((await plain.client.get("/a%00b")).status).toBe(400);
    expect([...upstream.connections, ...plain.upstream.connections]).toEqual([]);
  });
});

describe("keepAlive", () => {
  const keeping: UpstreamScript = async ({ saw, say }) => {
    for (let times = 1; ; times += 1) {
      await saw(REQUEST_END, times);
      say(stdout(`${HEAD}ok`) + END);
    }
  };

  test("asks for it, and uses the connection again", async () => {
    const { client, upstream } = await talking(keeping, { keepAlive: true, maxConnections: 2 });
    for (let turn = 0; turn < 3; turn += 1) expect((await client.get("/")).text()).toBe("ok");
    expect(upstream.connections).toHaveLength(1);
    expect(upstream.connections[0]?.text.charCodeAt(10)).toBe(1);
  });

  test("does not use one that said more than the end", async () => {
    const { client, upstream } = await talking(saying(stdout(`${HEAD}ok`) + END + stdout("more"), false), {
      keepAlive: true,
      maxConnections: 2,
    });
    for (let turn = 0; turn < 2; turn += 1) expect((await client.get("/")).text()).toBe("ok");
    expect(upstream.connections).toHaveLength(2);
  });

  test("needs to be told how many", () => {
    expect(() => fastcgiApplication({ upstream: "127.0.0.1:1", keepAlive: true })).toThrow(
      'Option "maxConnections" is missing',
    );
  });
});

test.each<[options: FastCGIOptions, message: string]>([
  [{ upstream: "" }, 'Option "upstream" is missing'],
  [{ upstream: "127.0.0.1" }, "expected HOST:PORT, or unix:PATH"],
  [{ upstream: "fastcgi://127.0.0.1" }, "expected HOST:PORT, or unix:PATH"],
  [{ upstream: "a:1", index: "x" }, 'Option "index" means nothing without "root"'],
  [{ upstream: "a:1", variables: { HTTP_X: "y" } }, 'not beginning with "HTTP_"'],
  [{ upstream: "a:1", variables: { "A B": "y" } }, 'has the name "A B"'],
])("%j is refused: %s", (options, message) => {
  expect(() => fastcgiApplication(options)).toThrow(message);
});
