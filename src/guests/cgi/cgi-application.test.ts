// Real programs, written for these tests: what a client sees, and what is left behind.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { nothingLeft } from "../../../test/gateways/nothing-left.ts";
import { makeServer } from "../../server/make-server.ts";
import { mockEnviron } from "../../testing/mock-environ.ts";
import { TestClient } from "../../testing/test-client.ts";
import { StringErrorStream } from "../../wsgi/string-error-stream.ts";
import { cgiApplication, cgiBin, type CgiOptions } from "./index.ts";

const directory = mkdtempSync(join(tmpdir(), "tsgi-cgi-test-"));
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
/** Keeps the process that starts programs, so that each test does not start one. */
const kept = cgiApplication({ program: "/bin/sh" });
afterAll(async () => {
  await kept.close();
  rmSync(directory, { recursive: true });
});

/** Writes a program of the shell. */
function program(lines: string, name = "program"): string {
  const path = join(mkdtempSync(join(directory, "p-")), name);
  writeFileSync(path, `#!/bin/sh\n${lines}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** Serves a program over a socket. */
async function serve(lines: string, options: Partial<CgiOptions> = {}): Promise<Served> {
  const application = cgiApplication({ program: program(lines), killTimeout: 1, ...options });
  const errors = new StringErrorStream();
  const server = makeServer("127.0.0.1", 0, application, { errors });
  await server.listen();
  const client = new TestClient(server.url);
  closing.push(async () => {
    client.close();
    await server.close(0);
    await application.close();
  });
  return { client, server, log: () => errors.text };
}

interface Served {
  readonly client: TestClient;
  readonly server: ReturnType<typeof makeServer>;
  readonly log: () => string;
}

const DOCUMENT = 'printf "Content-Type: text/plain\\n\\n"';

describe("cgiApplication", () => {
  test("answers with what a program prints", async () => {
    const { client } = await serve(
      `printf 'Status: 201 Made\\r\\nContent-Type: text/plain\\r\\nX-A: b\\r\\n\\r\\n'; echo hello`,
    );
    const response = await client.get("/x");
    expect([response.status, response.headers.get("x-a"), response.text()]).toEqual([201, "b", "hello\n"]);
  });

  test("tells a program of the request, and of nothing else", async () => {
    const { client } = await serve(`${DOCUMENT}; env | sort; pwd; echo "$# arguments"`, {
      environment: { OWN: "äö", SCRIPT_NAME: "/forged" },
      passEnv: ["PATH"],
    });
    process.env["TSGI_TEST_SECRET"] = "secret";
    const text = (
      await client.get("/caf%C3%A9/%FF?-s+a", {
        headers: { Proxy: "http://evil", Authorization: "Basic x", "User-Agent": "() { :;}; echo x" },
      })
    ).content();
    const lines = Buffer.from(text).toString("latin1").split("\n");
    expect(lines).toEqual(
      expect.arrayContaining([
        "GATEWAY_INTERFACE=CGI/1.1",
        "CONTENT_LENGTH=0",
        "HTTP_USER_AGENT=() { :;}; echo x",
        `OWN=${Buffer.from("äö").toString("latin1")}`,
        "PATH_INFO=/caf\u00c3\u00a9/\u00ff",
        "QUERY_STRING=-s+a",
        "REQUEST_METHOD=GET",
        "REQUEST_URI=/caf%C3%A9/%FF?-s+a",
        "SCRIPT_NAME=",
        "0 arguments",
      ]),
    );
    expect(lines.join("\n")).not.toMatch(/^(?:HTTP_PROXY|HTTP_AUTHORIZATION|TSGI_TEST_SECRET|NODE_|VITEST)/m);
    expect(lines.at(-3)).toMatch(/\/p-\w+$/);
  });

  test("writes the body while it reads the answer", async () => {
    const { client } = await serve(`${DOCUMENT}; cat`);
    const body = Buffer.alloc(3_000_000, "abc");
    const response = await client.post("/", { body });
    expect(Buffer.compare(response.content(), body)).toBe(0);
  });

  test("says the length of a chunked body, and passes it on as it comes where it is told so", async () => {
    async function* chunks(): AsyncGenerator<Buffer> {
      for (const text of ["ab", "cde"]) yield await Promise.resolve(Buffer.from(text));
    }
    const print = `${DOCUMENT}; echo "\${CONTENT_LENGTH-none}"; cat`;
    const whole = await serve(print);
    expect((await whole.client.post("/", { body: chunks() })).text()).toBe("5\nabcde");
    const streamed = await serve(print, { streamChunked: true });
    expect((await streamed.client.post("/", { body: chunks() })).text()).toBe("none\nabcde");
  });

  test("keeps the answer of a program that reads nothing", async () => {
    const { client } = await serve(`${DOCUMENT}; echo early`);
    expect((await client.post("/", { body: Buffer.alloc(1_000_000) })).text()).toBe("early\n");
  });

  test.each<[string, string, number, RegExp]>([
    ["prints nothing", "exit 0", 502, /The answer is empty/],
    ["fails", "echo oops >&2; exit 3", 502, /^(?=[^]*oops\n)[^]*ended with exit code 3/],
    ["is killed", "kill -9 $$", 502, /SIGKILL has ended/],
    ["prints no head", "echo '<html>'; echo; sleep 20", 502, /Expected a header field/],
    [
      "prints a head without an end",
      "while :; do echo 'X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy'; done",
      502,
      /longer than 65536/,
    ],
    ["prints two lengths", "printf 'Content-Type: a\\nContent-Length: 1\\nContent-Length: 2\\n\\nab'", 502, /twice/],
    ["prints 103", "printf 'Status: 103\\n\\n'", 502, /from 200 to 599/],
  ])("a program that %s is an error for the client and a line of the log", async (_, lines, status, log) => {
    const served = await serve(lines);
    const response = await served.client.get("/");
    expect(response.status).toBe(status);
    expect(response.text()).not.toMatch(/oops|program/);
    await expect.poll(served.log).toMatch(log);
  });

  test("a program that is gone, or whose interpreter is, is an error of the server", async () => {
    const path = program(DOCUMENT);
    const { client, log } = await serve(DOCUMENT, { program: path });
    writeFileSync(path, "#!/nowhere/interpreter\n");
    expect((await client.get("/")).status).toBe(500);
    expect(log()).toMatch(/Cannot run the program \(ENOENT\)/);
    rmSync(path);
    expect((await client.get("/")).status).toBe(500);
  });

  test("a program that takes too long is ended, with all that it has started", async () => {
    const marker = join(directory, "slow");
    const { client, log } = await serve(`echo $$ > ${marker}; sleep 100 & trap '' TERM; wait`, {
      headTimeout: 0.3,
      killTimeout: 0.2,
    });
    expect((await client.get("/")).status).toBe(504);
    expect(log()).toMatch(/given no answer for 0.3 s/);
    await nothingLeft(Number(readFileSync(marker, "utf8")));
  });

  test("an answer that a middleware does not take fails the request, and ends the program", async () => {
    const file = join(directory, "refused-group");
    const application = cgiApplication({
      program: program(`echo $$ > ${file}; ${DOCUMENT}; exec sleep 60`),
      killTimeout: 1,
    });
    closing.push(() => application.close());
    const environ = mockEnviron();
    const refusing = (): never => {
      throw new TypeError("No such answer");
    };
    await expect(application(environ, refusing)).rejects.toThrow("No such answer");
    await nothingLeft(Number(readFileSync(file, "utf8")));
  });

  test("a client that leaves ends the program", async () => {
    const marker = join(directory, "left");
    const { server } = await serve(
      `trap 'echo term > ${marker}.term; exit' TERM; echo $$ > ${marker}; sleep 100 & wait`,
    );
    const { connect } = await import("node:net");
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname, () => socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    await expect.poll(() => readable(marker)).not.toBe("");
    socket.destroy();
    await nothingLeft(Number(readFileSync(marker, "utf8")));
    expect(readFileSync(`${marker}.term`, "utf8")).toBe("term\n");
  });

  test("holds an answer to its length", async () => {
    const long = await serve(`printf 'Content-Type: a\\nContent-Length: 3\\n\\nabcdef'`);
    expect((await long.client.get("/")).text()).toBe("abc");
    await expect.poll(long.log).toMatch(/longer than its Content-Length/);
    const short = await serve(`printf 'Content-Type: a\\nContent-Length: 9\\n\\nabc'`);
    expect((await short.client.get("/")).isComplete).toBe(false);
    const none = await serve(`printf 'Status: 204\\nContent-Length: 9\\n\\nabc'`);
    expect((await none.client.get("/")).status).toBe(204);
  });

  test("an answer that a signal ends is broken off", async () => {
    const { client } = await serve(`${DOCUMENT}; echo begun; kill -9 $$`);
    const response = await client.get("/");
    expect([response.text(), response.isComplete]).toEqual(["begun\n", false]);
  });

  test("follows local redirects in the application, and sends the client elsewhere", async () => {
    const { client, log } = await serve(`
case "$PATH_INFO" in
/loop) printf 'Location: /loop\\n\\n' ;;
/away) printf 'Location: http://example.org/\\n\\n' ;;
/from) cat > /dev/null; printf 'Location: /to%%20x?a=b\\n\\n' ;;
*) ${DOCUMENT}; echo "$REQUEST_METHOD $PATH_INFO $QUERY_STRING $CONTENT_LENGTH $REDIRECT_URL" ;;
esac`);
    expect((await client.post("/from", { body: "x" })).text()).toBe("GET /to x a=b 0 /from\n");
    const away = await client.get("/away");
    expect([away.status, away.headers.get("location")]).toEqual([302, "http://example.org/"]);
    expect((await client.get("/loop")).status).toBe(502);
    expect(log()).toMatch(/redirect each other in a circle: \/loop/);
  });

  test("runs no more programs than it may, and lets no more requests wait", async () => {
    const gate = join(directory, "gate");
    const { client, log } = await serve(
      `echo x >> ${gate}.begun; while [ ! -e ${gate} ]; do sleep 0.05; done; ${DOCUMENT}; echo done`,
      {
        maxProcesses: 1,
        maxWaiting: 1,
      },
    );
    const first = client.get("/");
    await expect.poll(() => readable(`${gate}.begun`)).toBe("x\n");
    const others = [client.get("/"), client.get("/")];
    const refused = await Promise.race(others);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"]);
    writeFileSync(gate, "");
    const answers = await Promise.all([first, ...others]);
    expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([200, 200, 503]);
    expect(log()).toMatch(/1 programs run and 1 requests wait/);
  });

  test("logs what a program writes to its errors, within bounds", async () => {
    const { client, log } = await serve(
      `${DOCUMENT}; for i in $(seq 4000); do echo "line $i of the errors of this program, which are many" >&2; done; echo bad >/dev/stderr; echo ok`,
    );
    expect((await client.get("/")).text()).toBe("ok\n");
    await expect.poll(log).toMatch(/program: line 1 of[^]*left out/);
    expect(log().length).toBeLessThan(200_000);
  });

  test("refuses headers that no program can be told", async () => {
    const application = cgiApplication({ program: program(DOCUMENT) });
    closing.push(() => application.close());
    const response = await new TestClient(application).get("/", { headers: { "X-Long": "a".repeat(140_000) } });
    expect(response.status).toBe(431);
  });

  test.each<[Partial<CgiOptions>, RegExp]>([
    [{ program: "" }, /"program" is missing/],
    [{ program: "/nowhere" }, /is no file/],
    [{ program: "/etc/passwd" }, /chmod \+x/],
    [{ maxProcesses: 0 }, /"maxProcesses" is 0/],
    [{ environment: { "A=B": "c" } }, /name "A=B"/],
    [{ passKeys: ["wsgi.input"] }, /"passKeys" has "wsgi.input"/],
  ])("refuses the options %j", (options, message) => {
    expect(() => cgiApplication({ program: "/bin/sh", ...options })).toThrow(message);
  });
});

describe("cgiBin", () => {
  const root = join(directory, "cgi-bin");
  mkdirSync(join(root, "sub"), { recursive: true });
  const show = `#!/bin/sh\n${DOCUMENT}; echo "$SCRIPT_NAME|$PATH_INFO|$SCRIPT_FILENAME|$PWD"\n`;
  for (const name of ["a.cgi", "sub/b.cgi", ".hidden.cgi", "index.cgi"])
    writeFileSync(join(root, name), show, { mode: 0o755 });
  writeFileSync(join(root, "data.txt"), "no program");
  writeFileSync(join(root, "plain.sh"), show.replace("#!/bin/sh\n", ""));
  writeFileSync(join(directory, "outside.cgi"), show, { mode: 0o755 });
  symlinkSync(join(directory, "outside.cgi"), join(root, "out.cgi"));
  symlinkSync(join(root, "a.cgi"), join(root, "in.cgi"));
  symlinkSync(directory, join(root, "up"));

  async function get(path: string, options = {}): Promise<string> {
    const application = cgiBin({
      directory: root,
      interpreters: { ".sh": "/bin/sh" },
      index: ["index.cgi"],
      ...options,
    });
    try {
      const response = await new TestClient(application).get(path);
      return response.status === 200 ? response.text().trim() : String(response.status);
    } finally {
      await application.close();
    }
  }

  test.each<[string, string]>([
    ["/a.cgi", `/a.cgi||${root}/a.cgi|${root}`],
    ["/a.cgi/x/..//y", `/a.cgi|/x/..//y|${root}/a.cgi|${root}`],
    ["/sub/b.cgi/x", `/sub/b.cgi|/x|${root}/sub/b.cgi|${root}/sub`],
    ["/in.cgi", `/in.cgi||${root}/in.cgi|${root}`],
    ["/plain.sh/x", `/plain.sh|/x|${root}/plain.sh|${root}`],
    ["/", `/index.cgi||${root}/index.cgi|${root}`],
    ["/data.txt", "403"],
    ["/sub", "404"],
    ["/sub/", "404"],
    ["/nothing", "404"],
    ["/.hidden.cgi", "404"],
    ["//a.cgi", "404"],
    ["/sub/../a.cgi", "404"],
    ["/sub/%2e%2e/a.cgi", "404"],
    ["/sub/%2E%2e%2fa.cgi", "404"],
    ["/a.cgi%00.txt", "404"],
    ["/..%5ca.cgi", "404"],
    ["/out.cgi", "404"],
    ["/up/outside.cgi", "404"],
    ["/%ff.cgi", "404"],
  ])("answers %s with %s", async (path, expected) => {
    expect(await get(path)).toBe(expected);
  });

  test("may be told to follow links out of it, and to run some endings only", async () => {
    expect(await get("/out.cgi", { followSymlinks: true })).toMatch(/out\.cgi/);
    expect(await get("/a.cgi", { extensions: [".pl"] })).toBe("404");
  });

  test.each([
    [{ directory: "/nowhere" }, /expected a directory/],
    [{ directory: root, extensions: ["cgi"] }, /expected an ending/],
    [{ directory: root, interpreters: { ".x": "sh" } }, /absolute path/],
    [{ directory: root, index: ["../x"] }, /name of a file/],
  ])("refuses the options %j", (options, message) => {
    expect(() => cgiBin(options)).toThrow(message);
  });
});

function readable(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
