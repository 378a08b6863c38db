// A form with a file, sent by a browser's fetch to a Python application behind csrf: the token is found, and Python has the body whole.
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { csrf } from "../../src/middleware/csrf.ts";
import { servePython } from "../python/serve-python.ts";

const directory = mkdtempSync(join(tmpdir(), "tsgi-csrf-python-"));
afterAll(() => rmSync(directory, { recursive: true }));

const APPLICATION = `
import hashlib

def application(environ, start_response):
    if environ["REQUEST_METHOD"] == "GET":
        answer = environ["tsgi.csrf_token"]()
    else:
        answer = hashlib.sha256(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))).hexdigest()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [answer.encode()]
`;

test.each([1000, 3_000_000])("csrf leaves a form with a file of %i bytes to Python", async (size) => {
  writeFileSync(join(directory, "receiver.py"), APPLICATION);
  const served = await servePython({ target: "receiver:application", directory }, csrf({ checks: "token" }));
  try {
    const page = await served.get("/");
    const cookie = page.headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
    const bodyOf = (token: string): Buffer =>
      Buffer.concat([
        Buffer.from(`--xyz\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n${token}\r\n`),
        Buffer.from('--xyz\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'),
        Buffer.alloc(size, "0123456789\r\n"),
        Buffer.from("\r\n--xyz--\r\n"),
      ]);
    const headers = { Cookie: cookie, "Content-Type": "multipart/form-data; boundary=xyz" };
    const body = bodyOf(page.text);
    const passed = await served.get("/", { method: "POST", headers, body });
    expect([passed.status, passed.text]).toEqual([200, createHash("sha256").update(body).digest("hex")]);
    const forged = bodyOf("forged").subarray(0, 900);
    expect((await served.get("/", { method: "POST", headers, body: forged })).status).toBe(403);
  } finally {
    await served.close();
  }
});
