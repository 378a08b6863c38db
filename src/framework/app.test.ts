import { describe, expect, it } from "vitest";
import type { WSGIApplication } from "../wsgi/types.ts";
import { App } from "./app.ts";
import { Blueprint } from "./blueprint.ts";
import { abort, HTTPError, MethodNotAllowed, NotFound } from "./http-error.ts";
import { html } from "./html.ts";
import { Response } from "./response.ts";
import { json } from "./result.ts";
import type { Request } from "./request.ts";

const HTML = "text/html; charset=utf-8";
const JSON_TYPE = "application/json";
const OCTETS = "application/octet-stream";

const wsgi: WSGIApplication = (_environ, startResponse) => {
  startResponse("202 Accepted", [["Content-Type", "text/plain"]]);
  return [Buffer.from("from WSGI")];
};

async function* twoWords(): AsyncGenerator<string> {
  yield "one ";
  yield "two";
}

describe("a result becomes a response by its shape:", () => {
  const shapes: [string, () => unknown, number, string | null, string][] = [
    ["text", () => "Hello", 200, HTML, "Hello"],
    ["html", () => html`<p>${"<"}</p>`, 200, HTML, "<p>&lt;</p>"],
    ["an object", () => ({ a: 1 }), 200, JSON_TYPE, '{"a":1}'],
    ["a list", () => [1, "two"], 200, JSON_TYPE, '[1,"two"]'],
    ["a list of numbers that looks like a status", () => [1, 200], 200, JSON_TYPE, "[1,200]"],
    ["a number", () => 0, 200, JSON_TYPE, "0"],
    ["a boolean", () => false, 200, JSON_TYPE, "false"],
    ["a date", () => new Date(0), 200, JSON_TYPE, '"1970-01-01T00:00:00.000Z"'],
    ["bytes", () => Buffer.from("bytes"), 200, OCTETS, "bytes"],
    ["a generator", () => ["a", "b"].values(), 200, HTML, "ab"],
    ["an async generator", () => twoWords(), 200, HTML, "one two"],
    ["text and a status", () => ["Gone", 410], 410, HTML, "Gone"],
    [
      "an object, a status and headers",
      () => [{}, 201, { "Content-Type": "application/vnd.x" }],
      201,
      "application/vnd.x",
      "{}",
    ],
    ["a response", () => new Response("x", { status: 203, type: "text/plain" }), 203, "text/plain", "x"],
    ["a response without a body", () => new Response(null, { status: 204 }), 204, null, ""],
    ["a response of fetch", () => globalThis.Response.json({ b: 2 }, { status: 201 }), 201, JSON_TYPE, '{"b":2}'],
    ["JSON of anything", () => json(null), 200, JSON_TYPE, "null"],
    ["a WSGI application", () => wsgi, 202, "text/plain", "from WSGI"],
  ];
  it.each(
    shapes.flatMap(([title, make, ...rest]) => [
      [title, make, ...rest] as const,
      [`a promise of ${title}`, async () => make(), ...rest] as const,
    ]),
  )("%s", async (_, make, status, type, body) => {
    const client = new App().get("/", make as () => string).test();
    const response = await client.get("/");
    expect([response.status, response.headers.get("Content-Type"), response.text()]).toEqual([status, type, body]);
    const head = await client.head("/");
    expect([head.status, head.headers.get("Content-Type"), head.text()]).toEqual([status, type, ""]);
    expect(head.headers.get("Content-Length")).toBe(response.headers.get("Content-Length"));
  });

  it.each([
    ["nothing", () => undefined, 'The handler of "/" returned nothing'],
    ["null", () => null, 'The handler of "/" returned nothing'],
    ["a map", () => new Map(), 'The handler of "/" returned an object of class Map'],
    ["a symbol", () => Symbol("x"), 'The handler of "/" returned a symbol'],
  ])("%s is an error that names the handler", async (_, make, message) => {
    const response = await new App()
      .get("/", make as unknown as () => string)
      .test()
      .get("/");
    expect([response.status, response.errors]).toEqual([500, expect.stringContaining(message)]);
    expect(response.text()).not.toContain("handler");
  });
});

describe("App", () => {
  const app = new App()
    .get("/users/<int:id>", (_, { id }) => ({ id: id + 1 }))
    .post("/users/<int:id>", () => "posted")
    .get("/branch/", () => "branch")
    .get("/leaf", () => "leaf")
    .get("/files/<path:name>", (_, { name }) => name)
    .get("/café/<name>", (_, { name }) => name);
  const client = app.test();

  it("answers 404, 405 with Allow, OPTIONS, and HEAD by GET", async () => {
    expect((await client.get("/nothing")).status).toBe(404);
    expect((await client.get("/users/x")).status).toBe(404);
    const refused = await client.delete("/users/1");
    expect([refused.status, refused.headers.get("Allow")]).toEqual([405, "GET, HEAD, OPTIONS, POST"]);
    const options = await client.options("/users/1");
    expect([options.status, options.headers.get("Allow"), options.text()]).toEqual([
      200,
      "GET, HEAD, OPTIONS, POST",
      "",
    ]);
    const head = await client.head("/users/1");
    expect([head.status, head.headers.get("Content-Length"), head.text()]).toEqual([200, "8", ""]);
  });

  it.each([
    ["/branch", 308, "/branch/"],
    ["/branch?a=1&b=%2F", 308, "/branch/?a=1&b=%2F"],
    ["//branch", 308, "/branch/"],
    ["//users//1", 308, "/users/1"],
    ["/leaf/", 404, null],
    ["//evil.test/branch", 404, null],
  ])("sends %s to %s", async (path, status, location) => {
    const response = await client.get(`http://localhost${path}`);
    expect([response.status, response.headers.get("Location")]).toEqual([status, location]);
  });

  it("redirects below the path where it is mounted", async () => {
    const mounted = new App().mount("/shop", app).test();
    expect((await mounted.get("/shop/branch")).headers.get("Location")).toBe("/shop/branch/");
  });

  it("decodes a path once, and refuses one that is not UTF-8", async () => {
    expect((await client.get("/files/a%252Fb%20c/d")).text()).toBe("a%2Fb c/d");
    expect((await client.get("/caf%C3%A9/Zo%C3%AB")).text()).toBe("Zoë");
    const latin1 = await client.get("/caf%E9/x");
    expect([latin1.status, latin1.text()]).toEqual([400, expect.stringContaining("not UTF-8")]);
  });

  it("refuses what cannot be meant, when it is defined", () => {
    const define =
      (rule: string, other = "/x/<int:b>"): (() => unknown) =>
      () =>
        new App().get(other, () => "").get(rule, () => "");
    expect(define("/x/<int:a>")).toThrow('Rule "/x/<int:a>" matches for GET what "/x/<int:b>" does');
    expect(define("users")).toThrow('does not begin with "/"');
    expect(define("/<itn:a>")).toThrow('did you mean "int"');
    expect(define("/<a>/<a>")).toThrow('two values of the name "a"');
    expect(define("/<a")).toThrow("cannot be read");
    expect(define("/<__proto__>")).toThrow("__proto__");
    expect(define("/a/../b")).toThrow('".."');
    expect(() => new App().route("/", { methods: ["get"] }, () => "")).toThrow('in capitals, such as "GET"');
  });

  it("takes no more routes once it has answered, except in development", async () => {
    const late = new App().get("/", () => "");
    await late.test().get("/");
    expect(() => late.get("/late", () => "")).toThrow("has answered requests already");
    const open = new App({ isDevelopment: true }).get("/", () => "");
    await open.test().get("/");
    open.get("/late", () => "late");
    expect((await open.test().get("/late")).text()).toBe("late");
  });

  it("is a WSGI application for middleware, and has no ambient state", async () => {
    const seen: string[] = [];
    const outer: WSGIApplication = (environ, startResponse) => {
      seen.push(environ.PATH_INFO);
      return app(environ, startResponse);
    };
    expect((await new App().mount("/in", outer).test().get("/in/leaf")).text()).toBe("leaf");
    expect(seen).toEqual(["/leaf"]);
  });
});

describe("hooks", () => {
  /** Tells in which order they ran. */
  function traced(behaviour: Record<string, () => unknown> = {}): { app: App; trace: string[] } {
    const trace: string[] = [];
    const step = (name: string) => () => {
      trace.push(name);
      return behaviour[name]?.() as undefined;
    };
    const inner = new Blueprint("inner", { prefix: "/inner" })
      .before(step("inner before"))
      .after(step("inner after"))
      .teardown(step("inner teardown"));
    inner.get("/", (request: Request) => {
      request.afterThisRequest(step("this"));
      trace.push("handler");
      return (behaviour["handler"]?.() as string | undefined) ?? "ok";
    });
    const outer = new Blueprint("outer", { prefix: "/outer" }).before(step("outer before")).after(step("outer after"));
    const app = new App()
      .before(step("before 1"))
      .before(step("before 2"))
      .after(step("after 1"))
      .after(step("after 2"))
      .teardown(step("teardown 1"))
      .teardown(step("teardown 2"));
    app.register(outer.register(inner));
    return { app, trace };
  }
  const BEFORE = ["before 1", "before 2", "outer before", "inner before"];
  const AFTER = ["inner after", "outer after", "after 2", "after 1"];
  const TEARDOWN = ["inner teardown", "teardown 2", "teardown 1"];

  it.each([false, true])("run in Flask's order (asynchronous: %s)", async (isAsync) => {
    const later = Object.fromEntries([...BEFORE, ...AFTER, ...TEARDOWN, "this"].map((name) => [name, async () => {}]));
    const { app, trace } = traced(isAsync ? later : {});
    expect((await app.test().get("/outer/inner/")).text()).toBe("ok");
    expect(trace).toEqual([...BEFORE, "handler", "this", ...AFTER, ...TEARDOWN]);
  });

  it("a result of one before ends the request, and those after see it", async () => {
    const { app, trace } = traced({ "outer before": () => "early" });
    expect((await app.test().get("/outer/inner/")).text()).toBe("early");
    expect(trace).toEqual(["before 1", "before 2", "outer before", ...AFTER, ...TEARDOWN]);
  });

  it("of the application run for a path without a route", async () => {
    const { app, trace } = traced();
    expect((await app.test().get("/nothing")).status).toBe(404);
    expect(trace).toEqual(["before 1", "before 2", "after 2", "after 1", "teardown 2", "teardown 1"]);
  });

  const fail = (): never => {
    throw new Error("broken");
  };
  it.each([
    ["before 1", ["before 1", ...AFTER, ...TEARDOWN]],
    ["handler", [...BEFORE, "handler", "this", ...AFTER, ...TEARDOWN]],
    ["inner after", [...BEFORE, "handler", "this", "inner after", "this", "inner after", ...TEARDOWN]],
    ["after 1", [...BEFORE, "handler", "this", ...AFTER, "this", ...AFTER, ...TEARDOWN]],
    ["teardown 2", [...BEFORE, "handler", "this", ...AFTER, ...TEARDOWN]],
  ])("an error in %s is logged once, and the others run", async (where, expected) => {
    for (const broken of [fail, async () => fail()]) {
      const { app, trace } = traced({ [where]: broken });
      const response = await app.test().get("/outer/inner/");
      expect(response.status).toBe(where.startsWith("teardown") ? 200 : 500);
      expect(trace).toEqual(expected);
      expect(response.errors.match(/Error handling GET/g)?.length).toBe(where.includes("after") ? 2 : 1);
      expect(response.text()).not.toContain("broken");
    }
  });

  it("after may give another response", async () => {
    const app = new App()
      .get("/", () => twoWords())
      .after((response) => new Response(`not ${response.status}`, { status: 203 }));
    const response = await app.test().get("/");
    expect([response.status, response.text()]).toEqual([203, "not 200"]);
  });

  it("teardown runs when a stream has ended, and when its reader leaves", async () => {
    const seen: string[] = [];
    const app = new App().teardown(() => {
      seen.push("teardown");
    });
    app.get("/", async function* (): AsyncGenerator<string> {
      try {
        for (;;) {
          seen.push("chunk");
          yield "chunk";
          await new Promise((resolve) => {
            setImmediate(resolve);
          });
        }
      } finally {
        seen.push("end");
      }
    });
    await app.test().get("/", { leaveAfterBytes: 5 });
    expect(seen.at(0)).toBe("chunk");
    await expect.poll(() => seen.slice(-2).toSorted()).toEqual(["end", "teardown"]);
  });
});

describe("teardown is told what a stream threw:", () => {
  const failure = new Error("The connection to the database is gone");
  it.each<[string, () => object]>([
    [
      "a generator",
      function* fail(): Generator<string> {
        yield "one";
        throw failure;
      },
    ],
    [
      "an async generator",
      async function* fail(): AsyncGenerator<string> {
        yield "one";
        throw failure;
      },
    ],
    [
      "the body of a WSGI application",
      (): WSGIApplication => (_environ, startResponse) => {
        startResponse("200 OK", [["Content-Type", "text/plain"]]);
        return (function* fail() {
          yield Buffer.from("one");
          throw failure;
        })();
      },
    ],
  ])("%s", async (_, handler) => {
    const seen: unknown[] = [];
    const app = new App();
    app.teardown((error) => {
      seen.push(error);
    });
    app.get("/", handler);
    const response = await app.test().get("/");
    expect([response.isComplete, response.text()]).toEqual([false, "one"]);
    expect(seen).toEqual([failure]);
  });
});

describe("error handlers", () => {
  class Custom extends Error {}
  class Special extends Custom {}
  const errors: Record<string, () => never> = {
    "/404": () => abort(404, "no such thing"),
    "/418": () => abort(418),
    "/custom": () => {
      throw new Custom("c");
    },
    "/special": () => {
      throw new Special("s");
    },
    "/bug": () => {
      throw new TypeError("bug");
    },
  };
  function withErrors(scaffold: App | Blueprint): void {
    for (const [path, handler] of Object.entries(errors)) scaffold.get(path, handler);
  }

  it("are found by status, then by class, the blueprint's before the application's", async () => {
    const app = new App();
    const part = new Blueprint("part", { prefix: "/part" });
    withErrors(app);
    withErrors(part);
    app.errorHandler(404, (error) => [`app 404 ${error.detail}`, 404]);
    app.errorHandler(HTTPError, (error) => [`app HTTP ${error.status}`, error.status]);
    app.errorHandler(Custom, () => "app custom");
    app.errorHandler(500, (error) => [`app 500 ${(error.cause as Error).message}`, 500]);
    part.errorHandler(Special, () => "part special");
    part.errorHandler(NotFound, () => "part class");
    app.register(part);
    const client = app.test();
    const text = async (path: string): Promise<string> => (await client.get(path)).text();
    expect(await text("/404")).toBe("app 404 no such thing");
    expect(await text("/418")).toBe("app HTTP 418");
    expect(await text("/custom")).toBe("app custom");
    expect(await text("/special")).toBe("app custom");
    expect(await text("/bug")).toBe("app 500 bug");
    expect(await text("/part/special")).toBe("part special");
    expect(await text("/part/custom")).toBe("app custom");
    // As in Flask: a status of the application goes before a class of the blueprint.
    expect(await text("/part/404")).toBe("app 404 no such thing");
    expect(await text("/nothing")).toBe("app 404 ");
  });

  it("without one, a page or problem+json tells of it", async () => {
    const app = new App().get("/", () => abort(409, "Taken by <b>"));
    const page = await app.test().get("/");
    expect([page.status, page.text()]).toEqual([409, expect.stringContaining("<p>Taken by &lt;b&gt;</p>")]);
    const problem = await app.test().get("/", { headers: { Accept: "application/json" } });
    expect(problem.headers.get("Content-Type")).toBe("application/problem+json");
    expect(problem.json()).toEqual({ type: "about:blank", title: "Conflict", status: 409, detail: "Taken by <b>" });
    expect(problem.errors).toBe("");
  });

  it("of the class of 405 knows the methods; one that fails itself is 500", async () => {
    const app = new App().post("/", () => "").get("/bad", () => abort(404));
    app.errorHandler(MethodNotAllowed, ({ allowed }) => [{ allowed }, 405]);
    app.errorHandler(404, () => {
      throw new Error("in the handler");
    });
    expect((await app.test().get("/")).json()).toEqual({ allowed: ["OPTIONS", "POST"] });
    const bad = await app.test().get("/bad");
    expect([bad.status, bad.errors]).toEqual([500, expect.stringContaining("in the handler")]);
  });

  it("in development an error goes on to what is around the application", async () => {
    const app = new App({ isDevelopment: true });
    const seen: unknown[] = [];
    app.teardown((error) => {
      seen.push(String(error));
    });
    app.get("/", errors["/bug"] as () => never);
    const response = await app.test().get("/");
    expect(String(response.error)).toBe("TypeError: bug");
    expect(seen).toEqual(["TypeError: bug"]);
  });
});

it("app.route decorates static methods, and methods of objects", async () => {
  const app = new App();
  class Site {
    static readonly title = "static";
    readonly title = "object";
    static about(): string {
      return this.title;
    }
    about(): string {
      return this.title;
    }
  }
  function about(this: { readonly title: string }): string {
    return this.title;
  }
  // As ECMAScript calls a decorator: initializers run when the class, or an object of it, is made.
  const initializers: ((this: unknown) => void)[] = [];
  const context = { name: "about", addInitializer: (each: () => void) => initializers.push(each) };
  app.route("/object")(about, context as unknown as ClassMethodDecoratorContext);
  initializers[0]?.call(new Site());
  // As the older kind is called: with the class and a name.
  const legacy = app.route("/static", { name: "other" }) as unknown as (...values: unknown[]) => void;
  legacy(Site, "about", {});
  expect((await app.test().get("/object")).text()).toBe("object");
  expect((await app.test().get("/static")).text()).toBe("static");
  expect(app.routes.map(({ name }) => name)).toEqual(["about", "other"]);
  expect(() => legacy(Site.prototype, "about", {})).toThrow('expected "static about"');
});
