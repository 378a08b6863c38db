// Frameworks, unchanged, through real HTTP clients. Needs the virtual environment that the test script makes.
import { readFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { APPS, servePython, type Served } from "./serve-python.ts";

let served: Served;
afterEach(() => served.close());

/** Cookies of an answer, as a client sends them back. */
function cookies(headers: Record<string, unknown>): string {
  return ((headers["set-cookie"] as string[] | undefined) ?? []).map((line) => line.split(";")[0]).join("; ");
}

function multipart(
  name: string,
  fileName: string,
  content: string | Buffer,
  fields: Record<string, string> = {},
): { headers: Record<string, string>; body: Buffer } {
  const boundary = "------------------------tsgi";
  const parts = Object.entries(fields).map(
    ([key, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${key}"\r\n\r\n${value}\r\n`,
  );
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${fileName}"\r\nContent-Type: application/octet-stream\r\n\r\n`;
  return {
    headers: { "Content-Type": `multipart/form-data; boundary=${boundary}` },
    body: Buffer.concat([
      Buffer.from(parts.join("") + head),
      Buffer.from(content),
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]),
  };
}

async function* inChunks(body: Buffer | string): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(body);
  for (let start = 0; start < bytes.length; start += 60_000) yield bytes.subarray(start, start + 60_000);
}

test.each([
  [
    "Falcon",
    "falcon_app()",
    "/things",
    { headers: { "Content-Type": "application/json" }, body: '{"b":1}' },
    '{"got": {"b": 1}}',
  ],
  ["Django", "django_app()", "/upload", multipart("file", "s.bin", Buffer.alloc(1000)), "s.bin 1000"],
  [
    "Django, from a file",
    "django_app()",
    "/upload",
    multipart("file", "b.bin", Buffer.alloc(5_000_000)),
    "b.bin 5000000",
  ],
  ["Bottle", "bottle_app()", "/upload", multipart("file", "a.bin", Buffer.alloc(300_000)), "a.bin 300000"],
] as const)("%s sees a body that comes in chunks", async (_name, target, path, { headers, body }, answer) => {
  served = await servePython({ target: `frameworks:${target}` });
  const { text } = await served.get(path, { method: "POST", headers, body: inChunks(body) });
  expect(text).toBe(answer);
});

test("Flask", async () => {
  served = await servePython({ target: "frameworks:flask_app()", threads: 2 });
  expect((await served.get("/")).text).toBe("Hello, Flask!");
  const first = await served.get("/session");
  expect((await served.get("/session", { headers: { Cookie: cookies(first.headers) } })).text).toBe("2");
  expect(
    (await served.get("/form", { method: "POST", ...multipart("file", "a.txt", "content", { name: "field" }) })).text,
  ).toBe("field content");
  expect((await served.get("/stream")).text).toBe("0\n1\n2\n3\n4\n");
  const json = await served.get("/json", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: '{"a": [1, "\u00e9"]}',
  });
  expect(JSON.parse(json.text)).toEqual({ a: [1, "\u00e9"] });
  expect((await served.get("/missing")).status).toBe(404);
  expect((await served.get("/error")).status).toBe(500);
});

test("Django: the admin's log-in with CSRF and session, an upload, a stream, a file", async () => {
  served = await servePython({ target: "frameworks:django_app()", threads: 2 });
  const page = await served.get("/admin/login/?next=/admin/");
  const token = /name="csrfmiddlewaretoken" value="([^"]+)"/.exec(page.text)?.[1] ?? "";
  const form = new URLSearchParams({
    csrfmiddlewaretoken: token,
    username: "admin",
    password: "correct horse",
    next: "/admin/",
  });
  const login = {
    method: "POST",
    headers: {
      "Content-Type": "application/x-www-form-urlencoded",
      Cookie: cookies(page.headers),
      Referer: `http://127.0.0.1:${served.port}/admin/login/`,
    },
    body: form.toString(),
  };
  expect((await served.get("/admin/login/", { ...login, headers: { ...login.headers, Cookie: "" } })).status).toBe(403);
  const entered = await served.get("/admin/login/", login);
  expect([entered.status, entered.headers.location]).toEqual([302, "/admin/"]);
  const index = await served.get("/admin/", { headers: { Cookie: cookies(entered.headers) } });
  expect(index.status).toBe(200);
  expect(index.text).toContain("Site administration");
  expect(
    (await served.get("/upload", { method: "POST", ...multipart("file", "big.bin", Buffer.alloc(5_000_000)) })).text,
  ).toBe("big.bin 5000000");
  expect((await served.get("/stream")).text).toBe("0\n1\n2\n3\n4\n");
  expect((await served.get("/file")).body.equals(readFileSync(`${APPS}/frameworks.py`))).toBe(true);
});

test("Bottle, Falcon and Pyramid", async () => {
  served = await servePython({ target: "frameworks:bottle_app()" });
  expect(
    (await served.get("/upload", { method: "POST", ...multipart("file", "a.bin", Buffer.alloc(300_000)) })).text,
  ).toBe("a.bin 300000");
  await served.close();
  served = await servePython({ target: "frameworks:falcon_app()" });
  expect(JSON.parse((await served.get("/things?name=x")).text)).toEqual({ thing: "x" });
  const posted = await served.get("/things", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: '{"b":1}',
  });
  expect(JSON.parse(posted.text)).toEqual({ got: { b: 1 } });
  await served.close();
  served = await servePython({ target: "frameworks:pyramid_app()" });
  expect((await served.get("/hello/world")).text).toBe("Hello world!");
});

test("CherryPy, with its sessions", async () => {
  served = await servePython({ target: "frameworks:cherrypy_app()", threads: 2 });
  const first = await served.get("/?name=x");
  expect(first.text).toBe("cherrypy x 1");
  expect((await served.get("/", { headers: { Cookie: cookies(first.headers) } })).text).toBe("cherrypy nobody 2");
});

test("gevent as the worker class: a hundred waiting requests share one process", async () => {
  served = await servePython({ target: "torture:application", workerClass: "gevent" });
  const answers = await Promise.all(Array.from({ length: 60 }, () => served.get("/most-at-a-time")));
  expect(Math.max(...answers.map((answer) => Number(answer.text)))).toBeGreaterThan(10);
});
