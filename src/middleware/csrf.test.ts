import { describe, expect, it } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import type { TestResponse } from "../testing/test-response.ts";
import type { WSGIApplication } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import { csrf, type CsrfOptions, csrfToken, filterFactory } from "./csrf.ts";

/** GET gives a token, everything else tells what it has read. */
const application: WSGIApplication = validator(async (environ, startResponse) => {
  if (environ.PATH_INFO === "/late") {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return [Buffer.from(csrfToken(environ))];
  }
  const text = environ.REQUEST_METHOD === "GET" ? csrfToken(environ) : (await environ["wsgi.input"].read()).toString();
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [Buffer.from(text)];
});

/** Who logs in is in a header here. */
const asUser =
  (inner: WSGIApplication): WSGIApplication =>
  (environ, startResponse) => {
    environ["REMOTE_USER"] = environ["HTTP_X_TEST_USER"] ?? "";
    return inner(environ, startResponse);
  };
const clientOf = (options?: CsrfOptions): TestClient => new TestClient(asUser(csrf(options)(application)));
const HERE = { Origin: "http://localhost" };

describe("csrf by token", () => {
  it("takes the token in a header and in a form, which the application can still read", async () => {
    const client = clientOf();
    const first = await client.get("/");
    expect(first.headers.get("Set-Cookie")).toMatch(/^csrf=[\w-]{24}; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(first.headers.get("Vary")).toBe("Cookie");
    const token = first.text();
    const byHeader = await client.post("/", { headers: { ...HERE, "X-CSRF-Token": token }, body: "text" });
    expect([byHeader.status, byHeader.text()]).toEqual([200, "text"]);
    const byForm = await client.post("/", { headers: HERE, form: { csrf_token: token, name: "tea & milk" } });
    expect(byForm.status).toBe(200);
    expect(new URLSearchParams(byForm.text()).get("name")).toBe("tea & milk");
    expect((await client.get("/")).headers.has("Set-Cookie")).toBe(false);
  });

  it("takes the token in a form with files, and reads none of them before it", async () => {
    const client = clientOf({ maxFormBytes: 1000 });
    const token = (await client.get("/")).text();
    const part = (head: string, content: string): string =>
      `--b\r\nContent-Disposition: form-data; ${head}\r\n\r\n${content}\r\n`;
    const ownPart = part('name="csrf_token"', token);
    const photo = part('name="photo"; filename="x"', "x".repeat(200_000));
    const send = (body: string): Promise<TestResponse> =>
      client.post("/", {
        headers: { ...HERE, "Content-Type": "multipart/form-data; boundary=b" },
        body,
      });
    const whole = `${ownPart}${photo}--b--\r\n`;
    const first = await send(whole);
    expect([first.status, first.text() === whole]).toEqual([200, true]);
    expect((await send(`${photo}${ownPart}--b--`)).status).toBe(413);
    expect((await send(`${part('name="note"', "x")}${ownPart}--b--`)).status).toBe(200);
    expect((await send(`${part('name="csrf_token"; filename="x"', token)}--b--`)).status).toBe(403);
    expect((await send(`--b\r\nno colon\r\n\r\n\r\n${ownPart}--b--`)).status).toBe(403);
    expect((await send(`${part('name="note"', "x")}--b--`)).status).toBe(403);
  });

  it("refuses what has no token, another one, or the token of another browser or user", async () => {
    const client = clientOf();
    const token = (await client.get("/")).text();
    const stranger = (await clientOf().get("/")).text();
    const changed = token.slice(0, -1) + (token.endsWith("A") ? "Q" : "A");
    const attempts = [
      client.post("/", { headers: HERE }),
      client.post("/", { headers: { ...HERE, "X-CSRF-Token": stranger } }),
      client.post("/", { headers: { ...HERE, "X-CSRF-Token": changed } }),
      client.post("/", { headers: { ...HERE, "X-CSRF-Token": token, "X-Test-User": "eve" } }),
      client.post("/", { headers: { ...HERE, "X-CSRF-Token": token, Cookie: "csrf=short" } }),
      client.delete("/", { headers: HERE }),
      clientOf().post("/", { headers: { ...HERE, "X-CSRF-Token": token } }),
    ];
    expect((await Promise.all(attempts)).map(({ status }) => status)).toEqual(attempts.map(() => 403));
  });

  it("binds tokens to a secret of the server", async () => {
    const secret = "0123456789abcdef0123456789abcdef";
    const guessing = clientOf();
    const token = (await guessing.get("/")).text();
    const cookie = `csrf=${guessing.cookies.get("csrf")}`;
    const post = (client: TestClient) =>
      client.post("/", { headers: { ...HERE, "X-CSRF-Token": token, Cookie: cookie } });
    expect([(await post(guessing)).status, (await post(clientOf({ secret }))).status]).toEqual([200, 403]);
  });

  it("refuses forms that are too large to be read for it", async () => {
    const client = clientOf({ maxFormBytes: 100 });
    await client.get("/");
    expect((await client.post("/", { headers: HERE, form: { a: "x".repeat(200) } })).status).toBe(413);
  });

  it("says when a token is asked for too late", async () => {
    const { status, error } = await clientOf().get("/late");
    expect([status, String(error)]).toEqual([500, expect.stringContaining("before startResponse")]);
  });
});

describe("csrf by origin", () => {
  const client = clientOf({ checks: "origin", trustedOrigins: ["https://accounts.example"], exemptPaths: ["/hooks"] });

  it.each<[Record<string, string>, number]>([
    [{}, 200],
    [{ Origin: "http://localhost" }, 200],
    [{ Origin: "https://localhost" }, 403],
    [{ Origin: "http://localhost:8080" }, 403],
    [{ Origin: "https://evil.example" }, 403],
    [{ Origin: "null" }, 403],
    [{ Origin: "https://accounts.example" }, 200],
    [{ "Sec-Fetch-Site": "same-origin", Origin: "https://public.example" }, 200],
    [{ "Sec-Fetch-Site": "none" }, 200],
    [{ "Sec-Fetch-Site": "cross-site" }, 403],
    [{ "Sec-Fetch-Site": "same-site" }, 403],
    [{ "Sec-Fetch-Site": "cross-site", Origin: "http://localhost" }, 403],
    [{ "Sec-Fetch-Site": "cross-site", Origin: "https://accounts.example" }, 200],
    [{ Referer: "http://localhost/form" }, 200],
    [{ Referer: "https://evil.example/http://localhost/" }, 403],
    [{ Referer: "nonsense" }, 403],
    [{ Origin: "http://evil.example", Host: "evil.example, localhost" }, 403],
  ])("answers POST with %j with %i", async (headers, status) => {
    expect((await client.post("/", { headers })).status).toBe(status);
  });

  it.each([
    ["/hooks/github", 200],
    ["/hooks", 200],
    ["/hooksmith", 403],
  ])("answers POST to %s from elsewhere with %i", async (path, status) => {
    expect((await client.post(path, { headers: { Origin: "https://evil.example" } })).status).toBe(status);
  });

  it("lets everybody read", async () => {
    expect((await client.get("/", { headers: { "Sec-Fetch-Site": "cross-site" } })).status).toBe(200);
  });
});

it("filterFactory reads the names of header, field and cookie", async () => {
  const conf = { header_name: "X-XSRF-TOKEN", field_name: "token", cookie_name: "xsrf", checks: "token" };
  const client = new TestClient(filterFactory({}, conf)(application));
  const token = (await client.get("/")).text();
  expect(client.cookies.get("xsrf")).toMatch(/^\S{20,}$/);
  expect((await client.put("/", { headers: { "X-Xsrf-Token": token } })).status).toBe(200);
  expect((await client.post("/", { form: { token } })).status).toBe(200);
});

it.each([
  { checks: "nothing" },
  { trusted_origins: "accounts.example" },
  { secret: "short" },
  { validity_seconds: "-1" },
])("filterFactory refuses %j", (conf) => {
  expect(() => filterFactory({}, conf as unknown as Record<string, string>)).toThrow(/expected/);
});
