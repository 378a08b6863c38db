import { describe, expect, it } from "vitest";
import { TestClient } from "../../testing/test-client.ts";
import { compose } from "../../wsgi/compose.ts";
import type { WSGIApplication } from "../../wsgi/types.ts";
import { validator } from "../../wsgi/validator.ts";
import { CSP_NONCE, cspNonce } from "./csp-nonce.ts";
import { responseCache } from "../response-cache.ts";
import { filterFactory, securityHeaders } from "../security-headers.ts";

const POLICY = "script-src 'nonce-{nonce}' 'unsafe-inline'; style-src 'nonce-{nonce}'";
const NAME = "Content-Security-Policy";

/** Asks as its path says. */
const page: WSGIApplication = (environ, startResponse) => {
  const isLate = environ.PATH_INFO === "/late";
  const nonce = environ.PATH_INFO === "/nonce" ? cspNonce(environ) : "";
  const status = environ.PATH_INFO === "/304" ? "304 Not Modified" : "200 OK";
  startResponse(status, [
    ...(status === "200 OK" ? [["Content-Type", "text/plain"] as [string, string]] : []),
    ["Cache-Control", "max-age=60"],
    ...(environ.PATH_INFO === "/own" ? [[NAME, `script-src 'nonce-${cspNonce(environ)}'`] as [string, string]] : []),
  ]);
  return status === "200 OK" ? [Buffer.from(isLate ? cspNonce(environ) : nonce)] : [];
};
const client = new TestClient(validator(securityHeaders({ contentSecurityPolicy: POLICY })(validator(page))));

describe("securityHeaders with 'nonce-{nonce}'", () => {
  it("gives each response a nonce of its own, in the policy and to the application", async () => {
    const pages = [await client.get("/nonce"), await client.get("/nonce")];
    const nonces = pages.map((response) => response.text());
    expect(new Set(nonces).size).toBe(2);
    for (const response of pages) {
      const nonce = response.text();
      expect(nonce).toMatch(/^[\w-]{22}$/);
      expect(response.headers.get(NAME)).toBe(
        `script-src 'nonce-${nonce}' 'unsafe-inline'; style-src 'nonce-${nonce}'`,
      );
    }
  });

  it("allows nothing by nonce where nobody has asked for one, and 'unsafe-inline' stays out of force", async () => {
    const { headers } = await client.get("/none");
    const nothing = `'sha256-${"A".repeat(43)}='`;
    expect(headers.get(NAME)).toBe(`script-src ${nothing} 'unsafe-inline'; style-src ${nothing}`);
    expect(headers.getAll("Cache-Control")).toEqual(["max-age=60"]);
  });

  it("keeps a page with a nonce out of shared caches", async () => {
    expect((await client.get("/nonce")).headers.getAll("Cache-Control").join(", ")).toBe("max-age=60, private");
  });

  it("says nothing in a 304, whose page has a nonce of its own", async () => {
    const { status, headers } = await client.get("/304");
    expect([status, headers.has(NAME), headers.get("X-Frame-Options")]).toEqual([304, false, "SAMEORIGIN"]);
  });

  it("leaves a policy of the application, which may name the nonce too", async () => {
    expect((await client.get("/own")).headers.get(NAME)).toMatch(/^script-src 'nonce-[\w-]{22}'$/);
  });

  it("refuses the nonce once the policy has gone without it", async () => {
    const { status, errors } = await client.get("/late");
    expect([status, errors]).toEqual([
      500,
      expect.stringContaining("Ask for the nonce before startResponse is called"),
    ]);
  });

  it("makes one nonce for both policies, and for two of these filters", async () => {
    const both = compose(
      securityHeaders({ contentSecurityPolicyReportOnly: "script-src 'nonce-{nonce}'" }),
      securityHeaders({ contentSecurityPolicy: "script-src 'nonce-{nonce}'" }),
    );
    const response = await new TestClient(both(page)).get("/nonce");
    const policy = `script-src 'nonce-${response.text()}'`;
    expect([response.headers.get(NAME), response.headers.get(`${NAME}-Report-Only`)]).toEqual([policy, policy]);
  });

  it.each([
    ["inside", compose(securityHeaders({ contentSecurityPolicy: POLICY }), responseCache())],
    ["outside", compose(responseCache(), securityHeaders({ contentSecurityPolicy: POLICY }))],
  ])("is never answered from a response-cache that stands %s", async (_, middleware) => {
    const cached = new TestClient(middleware(page));
    const pages = [await cached.get("/nonce"), await cached.get("/nonce")];
    expect(new Set(pages.map((response) => response.text())).size).toBe(2);
    for (const response of pages) expect(response.headers.get(NAME)).toContain(`'nonce-${response.text()}'`);
  });
});

it("a policy without nonces gives none", async () => {
  let isThere = true;
  const look: WSGIApplication = (environ, startResponse) => {
    isThere = CSP_NONCE in environ;
    expect(() => cspNonce(environ)).toThrow("put security-headers around the application");
    return page(environ, startResponse);
  };
  await new TestClient(securityHeaders({ contentSecurityPolicy: "script-src 'self'" })(look)).get("/");
  expect(isThere).toBe(false);
});

it.each(["script-src {nonce}", "script-src 'nonce-{nonce}x'", "script-src nonce-{nonce}"])(
  "securityHeaders refuses %j",
  (policy) => {
    expect(() => filterFactory({}, { content_security_policy: policy })).toThrow("expected \"'nonce-{nonce}'\"");
  },
);
