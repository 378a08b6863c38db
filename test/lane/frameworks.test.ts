// Frameworks of Ruby and Perl, unchanged: what a client sees of an application of each.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { interpreterWith } from "../needs.ts";
import { servePerl } from "../perl/serve-perl.ts";
import { serveRuby } from "../ruby/serve-ruby.ts";
import type { ServedGuest } from "./serve-guest.ts";

const FRAMEWORKS = [
  {
    name: "Sinatra",
    interpreter: interpreterWith("ruby", "sinatra/base"),
    serve: () => serveRuby({ target: "sinatra.ru" }),
  },
  {
    name: "Dancer2",
    interpreter: interpreterWith("perl", "Dancer2"),
    serve: () => servePerl({ target: "dancer2.psgi" }),
  },
  {
    name: "Mojolicious",
    interpreter: interpreterWith("perl", "Mojolicious"),
    serve: () => servePerl({ target: "mojolicious.psgi" }),
  },
];

describe.each(FRAMEWORKS)("$name", ({ interpreter, serve }) => {
  let served: ServedGuest | undefined;
  beforeAll(async () => {
    if (interpreter !== undefined) served = await serve();
  });
  afterAll(async () => served?.close());
  const get: ServedGuest["get"] = (path, sending) => {
    if (served === undefined) throw new Error("Expected a server");
    return served.get(path, sending);
  };

  test.skipIf(interpreter === undefined)("routes, with a path that is encoded", async () => {
    expect(await get("/hello/a%20b")).toMatchObject({ status: 200, text: "hello a b" });
    expect((await get("/nowhere")).status).toBe(404);
  });

  test.skipIf(interpreter === undefined)("takes a form", async () => {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    expect((await get("/form", { method: "POST", headers, body: "text=some+%26+more" })).text).toBe("got some & more");
  });

  test.skipIf(interpreter === undefined)("redirects", async () => {
    const { status, headers } = await get("/away");
    expect([status, headers["location"]]).toEqual([302, expect.stringMatching(/\/hello\/you$/)]);
  });

  test.skipIf(interpreter === undefined)("keeps a session in a cookie", async () => {
    const first = await get("/count");
    expect(first.text).toBe("1");
    const cookie = (first.headers["set-cookie"] ?? []).map((line) => line.split(";")[0]).join("; ");
    expect((await get("/count", { headers: { cookie } })).text).toBe("2");
  });

  test.skipIf(interpreter === undefined)("sends a file, and a stream", async () => {
    expect((await get("/file")).text).toContain("/hello/:name");
    expect((await get("/stream")).text).toBe("part 0 part 1 part 2 ");
  });

  test.skipIf(interpreter === undefined)("answers a fault with 500, and goes on", async () => {
    expect((await get("/fault")).status).toBe(500);
    expect((await get("/hello/you")).text).toBe("hello you");
  });
});
