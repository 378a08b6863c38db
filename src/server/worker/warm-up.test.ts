import { expect, it } from "vitest";
import { canonicalRedirect } from "../../middleware/canonical-redirect.ts";
import { StringErrorStream } from "../../wsgi/string-error-stream.ts";
import type { WSGIApplication } from "../../wsgi/types.ts";
import { mounted } from "./mounted.ts";
import { warmUp, type WarmUpOptions } from "./warm-up.ts";

type Seen = Record<string, unknown>;

/** Gives what an application sees of its warm-up; the middleware stands before it. */
async function seenBy(options: WarmUpOptions, wrap = (inner: WSGIApplication): WSGIApplication => inner) {
  const seen: Seen[] = [];
  const look: WSGIApplication = (environ, startResponse) => {
    seen.push({ ...environ });
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return [];
  };
  await warmUp(wrap(look), options, new StringErrorStream());
  return seen;
}

it.each<[WarmUpOptions, Seen]>([
  [{ target: "/caf%C3%A9?q=%C3%A9&r=?" }, { PATH_INFO: "/caf\u00c3\u00a9", QUERY_STRING: "q=%C3%A9&r=?" }],
  [{ target: "/café noir" }, { PATH_INFO: "/caf\u00c3\u00a9 noir", REQUEST_URI: "/caf%C3%A9%20noir" }],
  [
    { target: "/", isSecure: true },
    { "wsgi.url_scheme": "https", SERVER_PORT: "443", HTTP_HOST: "localhost" },
  ],
  [
    { target: "https://shop.example:8443/a" },
    { "wsgi.url_scheme": "https", HTTP_HOST: "shop.example:8443", SERVER_NAME: "shop.example", SERVER_PORT: "8443" },
  ],
  [
    { target: "/shop/a", scriptName: "/shop" },
    { SCRIPT_NAME: "/shop", PATH_INFO: "/a" },
  ],
  [
    { target: "/a", scriptName: "/shop" },
    { SCRIPT_NAME: "/shop", PATH_INFO: "/a" },
  ],
])("warmUp with %j asks as a client would", async (options, expected) => {
  expect(await seenBy(options)).toMatchObject([expected]);
});

it("warmUp follows what is about scheme and host alone", async () => {
  const seen = await seenBy({ target: "/caf%C3%A9?q=1" }, canonicalRedirect({ host: "shop.example" }));
  expect(seen).toMatchObject([
    { "wsgi.url_scheme": "https", HTTP_HOST: "shop.example", PATH_INFO: "/caf\u00c3\u00a9", QUERY_STRING: "q=1" },
  ]);
});

it("warmUp asks with the scheme of the settings", async () => {
  const seen = await seenBy({ target: "/" }, (inner) => mounted(inner, { urlScheme: "https", urlPrefix: null }));
  expect(seen).toMatchObject([{ "wsgi.url_scheme": "https" }]);
});

it.each(["https://shop.example/login", "/login", "https://shop.example/?next", "https://", "http://localhost/"])(
  "warmUp does not follow a redirect to %s",
  async (location) => {
    let requests = 0;
    const redirecting: WSGIApplication = (_, startResponse) => {
      requests += 1;
      startResponse("302 Found", [["Location", location]]);
      return [];
    };
    await warmUp(redirecting, { target: "/" }, new StringErrorStream());
    expect(requests).toBe(1);
  },
);

it("warmUp ends where redirects do not", async () => {
  let requests = 0;
  const circling: WSGIApplication = (_, startResponse) => {
    requests += 1;
    startResponse("302 Found", [["Location", `https://a${requests}.example/`]]);
    return [];
  };
  await warmUp(circling, { target: "/" }, new StringErrorStream());
  expect(requests).toBe(4);
});

it("warmUp fails after a redirect as before it", async () => {
  const failing: WSGIApplication = () => {
    throw new Error("no such module");
  };
  const redirected = canonicalRedirect({ host: "shop.example" })(failing);
  const asked = warmUp(redirected, { target: "/" }, new StringErrorStream());
  await expect(asked).rejects.toThrow("The warm-up request / failed: Error: no such module");
});

it.each(["health", "/a#b", "https://user@shop.example/", "/%00"])("warmUp refuses %j", async (target) => {
  await expect(seenBy({ target })).rejects.toThrow(`Cannot read the warm-up request "${target}"`);
});
