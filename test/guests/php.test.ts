// A real PHP-FPM behind: what a page of PHP does, what its operator is told, and what happens when it is busy, dies, or is asked for what it
// must not run.
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fastcgiApplication, type FastCGIOptions } from "../../src/guests/fastcgi/fastcgi-application.ts";
import { makeServer } from "../../src/server/make-server.ts";
import { TestClient } from "../../src/testing/test-client.ts";
import type { UpstreamApplication } from "../../src/guests/upstream/upstream-application.ts";
import { program } from "../needs.ts";
import { PHP_FPM, type PhpFpm, startPhpFpm } from "./php-fpm.ts";

const phpFpm = program(...PHP_FPM);
const CHILDREN = 2;

describe.skipIf(phpFpm === undefined)("PHP-FPM", () => {
  let php: PhpFpm;
  beforeAll(async () => {
    php = await startPhpFpm(phpFpm ?? "", CHILDREN);
  });
  afterAll(() => php.close());

  const guest = (options: Partial<FastCGIOptions> = {}): UpstreamApplication =>
    fastcgiApplication({ upstream: `127.0.0.1:${php.port}`, root: php.root, ...options });
  const client = (options: Partial<FastCGIOptions> = {}): TestClient => new TestClient(guest(options));

  test.each<[path: string, seen: Record<string, string>]>([
    ["/", { SCRIPT_NAME: "/index.php", PHP_SELF: "/index.php", REQUEST_URI: "/" }],
    [
      "/index.php/a%20b/%C3%A9?x=1",
      { PATH_INFO: "/a b/é", PHP_SELF: "/index.php/a b/é", REQUEST_URI: "/index.php/a%20b/%C3%A9?x=1" },
    ],
    ["/index.php/x.php/y", { SCRIPT_NAME: "/index.php", PATH_INFO: "/x.php/y" }],
  ])("%s is told where it is", async (path, seen) => {
    const response = await client().get(path, { headers: { Proxy: "http://evil" } });
    const told = response.json<Record<string, string>>();
    expect(told).toMatchObject({
      ...seen,
      DOCUMENT_ROOT: php.root,
      SCRIPT_FILENAME: join(php.root, "index.php"),
      REDIRECT_STATUS: "200",
      REMOTE_ADDR: "127.0.0.1",
    });
    expect(told).not.toHaveProperty("HTTP_PROXY");
  });

  test("below a mount, and over https", async () => {
    const application = guest();
    const mounted = new TestClient(
      (environ, startResponse) =>
        application(
          Object.assign(environ, { SCRIPT_NAME: "/old", PATH_INFO: environ.PATH_INFO.slice(4) }),
          startResponse,
        ),
      { baseUrl: "https://shop.test" },
    );
    expect((await mounted.get("/old/index.php/x")).json()).toMatchObject({
      SCRIPT_NAME: "/old/index.php",
      PATH_INFO: "/x",
      PHP_SELF: "/old/index.php/x",
      HTTPS: "on",
      SERVER_NAME: "shop.test",
      SERVER_PORT: "443",
    });
    expect((await mounted.get("/old")).headers.get("Location")).toBe("/old/");
  });

  test("sessions, cookies, redirects, statuses, repeated headers, Basic authentication", async () => {
    const visitor = client();
    expect((await visitor.get("/?do=session")).text()).toBe("count 1");
    expect((await visitor.get("/?do=session")).text()).toBe("count 2");
    const redirect = await visitor.get("/?do=redirect");
    expect([redirect.status, redirect.headers.get("Location")]).toEqual([302, "/elsewhere"]);
    expect(redirect.headers.get("Set-Cookie")).toContain("seen=yes");
    const status = await visitor.get("/?do=status&code=418");
    expect([status.status, status.headers.getAll("X-Two")]).toEqual([418, ["a", "b"]]);
    expect((await visitor.get("/?do=auth", { auth: { user: "me", password: "ü" } })).text()).toBe("me:ü");
    expect((await visitor.head("/")).bytes().length).toBe(0);
  });

  test("an upload of a file of megabytes, with a field beside it", async () => {
    const picture = Buffer.alloc(1_900_000, "picture");
    const boundary = "x-boundary-x";
    const part = (head: string): string => `--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n\r\n`;
    const body = Buffer.concat([
      Buffer.from(`${part('name="title"')}Cat\r\n${part('name="picture"; filename="cat.jpg"')}`),
      picture,
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]);
    const headers = { "Content-Type": `multipart/form-data; boundary=${boundary}` };
    const response = await client().post("/?do=upload", { body, headers });
    const sha = createHash("sha1").update(picture).digest("hex");
    expect(response.json()).toEqual({ name: "cat.jpg", size: picture.length, sha, field: "Cat" });
  });

  test.each([true, false])("a body of five megabytes; known length: %s; received first: %s", async (isKnown) => {
    const body = Buffer.alloc(5_000_000, "body");
    const sha = createHash("sha1").update(body).digest("hex");
    const chunks = async function* (): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < body.length; at += 300_000) yield body.subarray(at, at + 300_000);
    };
    for (const bufferBody of [true, false]) {
      const response = await client({ bufferBody }).post("/?do=raw", { body: isKnown ? body : chunks() });
      expect(response.text()).toBe(`5000000 ${sha} 5000000`);
    }
  });

  test("an answer of 50 megabytes, and one that its client leaves", async () => {
    const server = makeServer("127.0.0.1", 0, guest());
    await server.listen();
    try {
      const over = new TestClient(server.url);
      expect((await over.get("/?do=stream&blocks=800")).bytes().length).toBe(800 * 65_536);
      await over.get("/?do=stream&blocks=100000", { leaveAfterBytes: 1_000_000 });
      // Both processes are free again.
      const [a, b] = await Promise.all([over.get("/"), over.get("/")]);
      expect([a.status, b.status]).toEqual([200, 200]);
    } finally {
      await server.close(0);
    }
  });

  test("what PHP says to its operator is in the log", async () => {
    const logged = await client().get("/?do=error");
    expect(logged.text()).toBe("logged");
    expect(logged.errors).toMatch(
      /: PHP message: first line of a message \(GET \/\?do=error\)\n.*: second \?\[31mred \(/,
    );
    expect((await client().get("/?do=fatal")).errors).toContain(
      "PHP Fatal error:  Uncaught Error: Call to undefined function",
    );
    const wrong = await client().get("/?do=length&length=9");
    expect([wrong.status, wrong.errors]).toEqual([502, expect.stringContaining("9 announced, 3 given")]);
  });

  test("an upload is never run, nor what lies outside of the root", async () => {
    mkdirSync(join(php.root, "uploads"), { recursive: true });
    writeFileSync(join(php.root, "uploads", "cat.jpg"), "<?php echo 'run';");
    writeFileSync(join(php.root, "..", "outside.php"), "<?php echo 'run';");
    const paths = ["/uploads/cat.jpg", "/uploads/cat.jpg/x.php", "/uploads/cat.jpg/.php", "/uploads/cat.jpg%00.php"];
    const others = [
      "/%2e%2e/outside.php",
      "/..%2foutside.php",
      "/index.php%0a",
      "/nothing.php",
      "/uploads/cat.jpg%0a.php",
    ];
    for (const path of [...paths, ...others]) {
      const response = await client().get(path);
      expect([path, response.status, response.text().includes("run")]).toEqual([path, 404, false]);
    }
    // Where nothing of the root can be seen from here, PHP-FPM itself must refuse; it does so with 403 if it guesses (cgi.fix_pathinfo).
    const remote = await client({ remote: true }).get("/uploads/cat.jpg/x.php");
    expect([403, 404]).toContain(remote.status);
    expect(remote.text()).not.toContain("run");
  });

  test("twenty clients at once share two processes; kept connections do not lock others out", async () => {
    for (const options of [{}, { keepAlive: true, maxConnections: CHILDREN }, { maxConnections: 1 }]) {
      const many = client(options);
      const answers = await Promise.all(Array.from({ length: 20 }, () => many.get("/")));
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    }
    // Those that were kept occupy both processes for a second at most.
    expect((await client().get("/")).status).toBe(200);
  });

  test("a front controller gets every path that is no script", async () => {
    const response = await client({ script: "index.php" }).get("/posts/1?x");
    expect(response.json()).toMatchObject({
      SCRIPT_NAME: "/index.php",
      REQUEST_URI: "/posts/1?x",
      PHP_SELF: "/index.php",
    });
  });

  test("a script that takes too long is 504, and its process is let go", async () => {
    const slow = await client({ readSeconds: 0.2 }).get("/?do=slow");
    expect([slow.status, slow.errors]).toEqual([504, expect.stringContaining("did not answer for 0.2 s")]);
  });
});
