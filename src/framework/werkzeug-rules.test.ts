// The cases of Werkzeug's tests of routing (tests/test_routing.py), as tables of inputs and outputs, written anew.
//
// Carried over: basic matching and building, strict slashes with redirects and without, rules that differ by a slash, merged slashes, precedence
// by weight, `path` before and after text, `any`, `int` with its arguments, negative numbers, floats without an exponent, `string` with
// lengths, `uuid`, converters of one's own, several values in a segment, text that means something in an expression, several rules of one name,
// duplicates, HEAD by GET, 405 with its methods, implicit OPTIONS, addresses with a query and an anchor, below SCRIPT_NAME, external ones,
// with a port, quoting of what is not ASCII, suggestions for names, subdomains by name and with values, in any case.
//
// Carried over with another answer: values that a rule lacks are an error, and are not added to the query (a mistyped name would be lost:
// `query` is for them); a value of `uuid` is text; redirects go to a path, not to a whole address, so that no host is made up; an empty
// PATH_INFO is "/" and no redirect (the server's business); a host that no subdomain is for gets the routes without one.
//
// Not carried over, because there is no such thing here: rule templates, RuleFactory, EndpointPrefix, Submount and Subdomain (a blueprint does
// that), host matching (`virtual-host` chooses an application by host), defaults that redirect, redirect_to, aliases, build_only, websocket
// rules, `merge_slashes=False` (slashes in a `path` are kept), converters with groups in their expressions (refused: they would shift the
// values), MultiDicts as values, pickling, copying and representations of maps, weak references, methods per build, schemes per build,
// IDNA names in `server_name`, trusted hosts (`allowed-hosts` is a filter).
//
// Of Flask's own tests (tests/test_basic.py, test_blueprints.py, test_helpers.py, test_user_error_handler.py, test_views.py, test_converters.py,
// test_async.py, test_request.py, test_json.py), those of routes, OPTIONS, methods, hooks and their order, error handlers by status and class,
// results by shape, flashed messages, sessions, subdomains, blueprints (nested, renamed, registered twice, empty and dotted names, prefixes
// with and without slashes), static files, limits of a request, errors of JSON and streams that outlive their handler are cases of app.test.ts,
// request.test.ts, validation.test.ts, redirect.test.ts, of this file and of test/framework. Not carried over: contexts and their locals,
// signals, url processors and defaults, template filters and globals, `provide_automatic_options`, views as classes, error handlers of
// BuildError, `trap_bad_request_errors`, the command line, configuration, the JSON provider with its tags.
import { describe, expect, it } from "vitest";
import { App, type AppOptions } from "./app.ts";
import { Blueprint } from "./blueprint.ts";
import type { TestClient } from "../testing/test-client.ts";
import type { Converter } from "./converters.ts";
import { FrameworkError } from "./errors.ts";

/** Answers with the rule and the values. */
function appOf(rules: readonly string[], options: AppOptions = {}): App {
  const app = new App(options);
  for (const rule of rules) app.get(rule, (request) => ({ rule: request.rule, ...request.params }));
  return app as App;
}

interface Case {
  readonly rules: readonly string[];
  readonly options?: AppOptions;
  /** What a path gives: the rule and its values, a status, or where it leads. */
  readonly paths: Readonly<Record<string, readonly [rule: string, values?: object] | number | string>>;
}

const CASES: Readonly<Record<string, Case>> = {
  "basic routing": {
    rules: ["/", "/foo", "/bar/"],
    paths: { "/": ["/"], "/foo": ["/foo"], "/bar/": ["/bar/"], "/blub": 404, "/bar": "/bar/", "/foo/": 404 },
  },
  "strict slashes with values": {
    rules: ["/<int:a>/", "/b/<c>", "/d/<path:e>/"],
    paths: {
      "/1": "/1/",
      "/1/": ["/<int:a>/", { a: 1 }],
      "/b/x/": 404,
      "/d/x/y": "/d/x/y/",
      "/d/x/y/": ["/d/<path:e>/", { e: "x/y" }],
    },
  },
  "a rule with a slash at its end beside one without": {
    rules: ["/a/", "/a", "/<int:n>/", "/<int:n>", "/b/<c>", "/b/<c>/"],
    paths: {
      "/a": ["/a"],
      "/a/": ["/a/"],
      "/1": ["/<int:n>", { n: 1 }],
      "/1/": ["/<int:n>/", { n: 1 }],
      "/b/x": ["/b/<c>", { c: "x" }],
      "/b/x/": ["/b/<c>/", { c: "x" }],
    },
  },
  "slashes at the end that do not count": {
    rules: ["/leaf", "/branch/", "/both", "/both/", "/<int:n>", "/b/<c>/", "/<name>/x"],
    options: { strictSlashes: false },
    paths: {
      "/leaf": ["/leaf"],
      "/leaf/": ["/leaf"],
      "/leaf//": "/leaf/",
      "/branch": ["/branch/"],
      "/branch/": ["/branch/"],
      "/both": ["/both"],
      "/both/": ["/both/"],
      "/1/": ["/<int:n>", { n: 1 }],
      "/b/c": ["/b/<c>/", { c: "c" }],
      "/b/c/": ["/b/<c>/", { c: "c" }],
      "/y/x/": ["/<name>/x", { name: "y" }],
      "/y/": 404,
    },
  },
  "merged slashes": {
    rules: ["/yes/tail/", "/no/tail", "/with/<path:rest>", "/x/<a>"],
    paths: {
      "/yes//tail/": "/yes/tail/",
      "//yes/tail": "/yes/tail/",
      "///no///tail": "/no/tail",
      "/with//x//y": "/with/x/y",
      "/with/x//y": ["/with/<path:rest>", { rest: "x//y" }],
      "/x//": 404,
      "//nothing": 404,
    },
  },
  greedy: {
    rules: ["/foo", "/<path:bar>", "/<path:bar>/<path:blub>"],
    paths: {
      "/foo": ["/foo"],
      "/blub": ["/<path:bar>", { bar: "blub" }],
      "/he/he": ["/<path:bar>/<path:blub>", { bar: "he", blub: "he" }],
    },
  },
  "path beside text": {
    rules: [
      "/",
      "/Special",
      "/<int:year>",
      "/<path:name>:foo",
      "/<path:name>:<path:name2>",
      "/<path:name>",
      "/<path:name>/edit",
      "/<path:name>/silly/<path:name2>",
      "/<path:name>/silly/<path:name2>/edit",
      "/Talk:<path:name>",
      "/User:<username>",
      "/Files:<path:file>",
      "/<admin>/<manage>/<things>",
    ],
    paths: {
      "/": ["/"],
      "/Special": ["/Special"],
      "/2014": ["/<int:year>", { year: 2014 }],
      "/Some:foo": ["/<path:name>:foo", { name: "Some" }],
      "/Some:bar": ["/<path:name>:<path:name2>", { name: "Some", name2: "bar" }],
      "/Some/Page": ["/<path:name>", { name: "Some/Page" }],
      "/Some/Page/edit": ["/<path:name>/edit", { name: "Some/Page" }],
      "/Foo/silly/bar": ["/<path:name>/silly/<path:name2>", { name: "Foo", name2: "bar" }],
      "/Foo/silly/bar/edit": ["/<path:name>/silly/<path:name2>/edit", { name: "Foo", name2: "bar" }],
      "/Talk:Foo/Bar": ["/Talk:<path:name>", { name: "Foo/Bar" }],
      "/User:thomas": ["/User:<username>", { username: "thomas" }],
      "/Files:a/b.zip": ["/Files:<path:file>", { file: "a/b.zip" }],
      "/Jerry/eats/stuff": ["/<admin>/<manage>/<things>", { admin: "Jerry", manage: "eats", things: "stuff" }],
    },
  },
  any: {
    rules: ["/<any(a1, a2):a>", "/<any(b1,b2):b>", "/<string:c>"],
    paths: {
      "/a1": ["/<any(a1, a2):a>", { a: "a1" }],
      "/b2": ["/<any(b1,b2):b>", { b: "b2" }],
      "/a3": ["/<string:c>", { c: "a3" }],
    },
  },
  "numbers and their arguments": {
    rules: [
      "/a/<int(fixed_digits=4):n>",
      "/b/<int(min=2, max=5):n>",
      "/c/<int(signed=True):n>",
      "/d/<float(signed=True):n>",
      "/e/<float:n>",
    ],
    paths: {
      "/a/0042": ["/a/<int(fixed_digits=4):n>", { n: 42 }],
      "/a/42": 404,
      "/b/1": 404,
      "/b/5": ["/b/<int(min=2, max=5):n>", { n: 5 }],
      "/b/6": 404,
      "/c/-7": ["/c/<int(signed=True):n>", { n: -7 }],
      "/d/-1.5": ["/d/<float(signed=True):n>", { n: -1.5 }],
      "/e/1": 404,
      "/e/1.0": ["/e/<float:n>", { n: 1 }],
      "/e/-1.0": 404,
    },
  },
  "numbers that a number cannot hold": {
    rules: ["/<int:n>"],
    paths: {
      "/9007199254740991": ["/<int:n>", { n: 9007199254740991 }],
      "/9007199254740993": 404,
      "/1e3": 404,
      "/٣": 404,
    },
  },
  "lengths of text": {
    rules: ["/a/<string(length=2):s>", "/b/<string(minlength=2):s>", "/c/<string(maxlength=2):s>"],
    paths: {
      "/a/xy": ["/a/<string(length=2):s>", { s: "xy" }],
      "/a/xyz": 404,
      "/b/x": 404,
      "/b/xyz": ["/b/<string(minlength=2):s>", { s: "xyz" }],
      "/c/xyz": 404,
    },
  },
  uuid: {
    rules: ["/a/<uuid:id>"],
    paths: {
      "/a/A8098C1A-F86E-11DA-BD1A-00112444BE1E": ["/a/<uuid:id>", { id: "a8098c1a-f86e-11da-bd1a-00112444be1e" }],
      "/a/a8098c1af86e11dabd1a00112444be1e": 404,
    },
  },
  "a segment behind a path": {
    rules: ["/<path:path>/c", "/<path:path>/<a>/<b>"],
    paths: { "/a/b/c": ["/<path:path>/c", { path: "a/b" }] },
  },
  "text that an expression would read as something else": {
    rules: ["/.<int:value>", "/v<int:major>.<int:minor>", "/hello", "/foo+bar/"],
    paths: {
      "/.2": ["/.<int:value>", { value: 2 }],
      "/a2": 404,
      "/v1.2": ["/v<int:major>.<int:minor>", { major: 1, minor: 2 }],
      "/v1x2": 404,
      "/hello%0A": 404,
      "/foo+bar": "/foo+bar/",
    },
  },
  "a number beside a UUID": {
    rules: ["/<int:value>", "/<uuid:value>"],
    paths: {
      "/2b5b0911-fdcf-4dd2-921b-28ace88db8a0": ["/<uuid:value>", { value: "2b5b0911-fdcf-4dd2-921b-28ace88db8a0" }],
    },
  },
  "many rules": {
    rules: [
      "/",
      "/<int:blub>",
      "/<blub>",
      "/foo/",
      "/foobar/",
      "/foo/<path:testing>/",
      "/foo/<path:testing>/edit",
      "/users/page/<int:page>",
      "/foox",
      "/<path:bar>/<path:blub>",
    ],
    paths: {
      "/": ["/"],
      "/42": ["/<int:blub>", { blub: 42 }],
      "/blub": ["/<blub>", { blub: "blub" }],
      "/foo/": ["/foo/"],
      "/foobar/": ["/foobar/"],
      "/foo/1/2/3/": ["/foo/<path:testing>/", { testing: "1/2/3" }],
      "/foo/1/2/3/edit": ["/foo/<path:testing>/edit", { testing: "1/2/3" }],
      "/users/page/2": ["/users/page/<int:page>", { page: 2 }],
      "/foox": ["/foox"],
      "/1/2/3": ["/<path:bar>/<path:blub>", { bar: "1", blub: "2/3" }],
    },
  },
  "a redirect is encoded once": {
    rules: ["/merge/<some>/path", "/войти/", "/with/<path:path>"],
    paths: {
      "/merge/%25//path": "/merge/%25/path",
      "/merge//st/path": "/merge/st/path",
      "/%D0%B2%D0%BE%D0%B9%D1%82%D0%B8": "/%D0%B2%D0%BE%D0%B9%D1%82%D0%B8/",
      "/with/http://example.com/": ["/with/<path:path>", { path: "http://example.com/" }],
    },
  },
  precedence: {
    rules: [
      "/users/me",
      "/users/<int:id>",
      "/users/<name>",
      "/users/<path:rest>",
      "/users/<name>.<format>",
      "/users/<int:id>/x",
      "/users/<name>/<int:n>",
    ],
    paths: {
      "/users/me": ["/users/me"],
      "/users/7": ["/users/<int:id>", { id: 7 }],
      "/users/ada": ["/users/<name>", { name: "ada" }],
      "/users/ada.json": ["/users/<name>.<format>", { name: "ada", format: "json" }],
      "/users/7/x": ["/users/<int:id>/x", { id: 7 }],
      "/users/7/8": ["/users/<name>/<int:n>", { name: "7", n: 8 }],
      "/users/a/b/c": ["/users/<path:rest>", { rest: "a/b/c" }],
    },
  },
  "text that is not ASCII, or means something elsewhere": {
    rules: ["/öäü/<name>", "/a:b/*/(x)/{y}", "/50%/<x>", "/__proto__/<constructor>"],
    paths: {
      "/%C3%B6%C3%A4%C3%BC/%E2%98%83": ["/öäü/<name>", { name: "☃" }],
      "/a:b/*/(x)/%7By%7D": ["/a:b/*/(x)/{y}"],
      "/50%25/%2525": ["/50%/<x>", { x: "%25" }],
      "/__proto__/__proto__": ["/__proto__/<constructor>", { constructor: "__proto__" }],
    },
  },
};

describe.each(Object.entries(CASES))("%s", (_, { rules, options, paths }) => {
  const client = appOf(rules, options).test();
  it.each(Object.entries(paths))("%s", async (path, expected) => {
    const response = await client.get(`http://localhost${path}`);
    const isRoute = typeof expected === "object";
    const found = isRoute ? response.json() : (response.headers.get("Location") ?? response.status);
    expect(found).toEqual(isRoute ? { rule: expected[0], ...expected[1] } : expected);
    expect(response.status).toBe(isRoute ? 200 : typeof expected === "string" ? 308 : expected);
  });
});

describe("a slash at the end", () => {
  const app = new App();
  app.get("/lenient", { strictSlashes: false }, () => "lenient").post("/strict/", () => "strict");
  const client = app.test();

  it("does not count for a route that says so", async () => {
    expect((await client.get("/lenient/?x=1")).text()).toBe("lenient");
    const wrong = await client.post("/lenient/");
    expect([wrong.status, wrong.headers.get("Allow")]).toEqual([405, "GET, HEAD, OPTIONS"]);
  });

  it("counts for the others, whatever the method, with the query", async () => {
    const sent = await client.post("/strict?x=1&y=%2F");
    expect([sent.status, sent.headers.get("Location")]).toEqual([308, "/strict/?x=1&y=%2F"]);
  });
});

describe("addresses", () => {
  it.each<[rule: string, values: Record<string, unknown>, options: object, address: string]>([
    ["/", {}, {}, "/shop/"],
    ["/foo/<float:bar>", { bar: 2 }, {}, "/shop/foo/2.0"],
    ["/<float:v>", { v: 0.00001 }, {}, "/shop/0.00001"],
    ["/<float:v>", { v: 1.25e-9 }, {}, "/shop/0.00000000125"],
    ["/<float:v>", { v: 1e21 }, {}, "/shop/1000000000000000000000.0"],
    ["/<float(signed=True):v>", { v: -1.5e22 }, {}, "/shop/-15000000000000000000000.0"],
    ["/<any(patient, provider):value>", { value: "provider" }, {}, "/shop/provider"],
    ["/<int(fixed_digits=4):n>", { n: 42 }, {}, "/shop/0042"],
    ["/<int(signed=True):n>", { n: -1 }, {}, "/shop/-1"],
    ["/<name>", { name: "a b?c#d%ü;=&+@:!$'()*,~" }, {}, "/shop/a%20b%3Fc%23d%25%C3%BC;=&+@:!$'()*,~"],
    ["/<path:name>", { name: "a b/ü" }, {}, "/shop/a%20b/%C3%BC"],
    ["/öäü", {}, {}, "/shop/%C3%B6%C3%A4%C3%BC"],
    ["/q", {}, { query: { a: 1, b: ["x y", "&"], c: null, d: undefined } }, "/shop/q?a=1&b=x+y&b=%26"],
    ["/q", {}, { anchor: "top & ü" }, "/shop/q#top%20%26%20%C3%BC"],
    ["/q", {}, { external: true }, "https://example.test/shop/q"],
    ["/", {}, { external: true }, "https://example.test/shop/"],
  ])("%s with %j and %j", async (rule, values, options, address) => {
    const app = appOf([rule]);
    app.get("/address", (request) => request.urlFor(rule, values, options));
    const client = new App().mount("/shop", app).test({ baseUrl: "https://example.test" });
    expect((await client.get("/shop/address")).text()).toBe(address);
  });

  it("of several rules of one name: the one that has these values", () => {
    const app = new App().get("/page", { name: "page" }, () => "").get("/page/<int:n>", { name: "page" }, () => "");
    const build = (values: Record<string, unknown>): string => (app as App).urlFor("page", values);
    expect([build({}), build({ n: 2 })]).toEqual(["/page", "/page/2"]);
    expect(() => build({ m: 2 })).toThrow('has no "<m>"');
  });

  it("of a blueprint, near and far", async () => {
    const outer = new Blueprint("outer", { prefix: "/o" });
    const inner = new Blueprint("inner", { prefix: "/i" });
    inner.get("/", { name: "index" }, (request) => [
      request.urlFor(".other"),
      request.urlFor("outer.index"),
      request.urlFor("index"),
    ]);
    inner.get("/other", { name: "other" }, () => "");
    outer.get("/", { name: "index" }, () => "");
    const app = new App().get("/", { name: "index" }, () => "");
    app.register(outer.register(inner));
    expect((await app.test().get("/o/i/")).json()).toEqual(["/o/i/other", "/o/", "/"]);
  });
});

describe("blueprints", () => {
  it("are registered twice under two names, and not under one", async () => {
    const part = new Blueprint("part");
    part.get("/x", (request) => request.endpoint ?? "");
    const app = new App();
    app.register(part, { prefix: "/one" }).register(part, { prefix: "/two", name: "second" });
    expect((await app.test().get("/one/x")).text()).toBe("part./x");
    expect((await app.test().get("/two/x")).text()).toBe("second./x");
    expect(() => app.register(part)).toThrow("answered requests already");
    expect(() => new App().register(new Blueprint("a")).register(new Blueprint("a"))).toThrow(
      '"a" is registered already',
    );
    expect(() => part.get("/late", () => "")).toThrow('the blueprint "part" is registered already');
  });

  it("of a subdomain answer for it alone", async () => {
    const api = new Blueprint("api", { subdomain: "api" });
    api.get("/", () => "api");
    const app = new App({ serverName: "example.test" }).get("/", () => "site");
    app.register(api);
    const text = async (host: string): Promise<string> =>
      (await app.test({ baseUrl: `http://${host}` }).get("/")).text();
    expect([await text("example.test"), await text("api.example.test"), await text("API.EXAMPLE.TEST:8000")]).toEqual([
      "site",
      "api",
      "api",
    ]);
    expect([await text("apixexample.test"), await text("other.test")]).toEqual(["site", "site"]);
    const without = new App().register(new Blueprint("api", { subdomain: "api" }).get("/", () => "") as Blueprint);
    expect((await without.test().get("/")).status).toBe(500);
  });

  it("of a subdomain with values get them, and addresses lead from one to the other", async () => {
    const tenants = new Blueprint("tenants", { subdomain: "<tenant>.App" });
    tenants.get("/", { name: "index" }, (_, { tenant }) => `index of ${tenant}`);
    tenants.get("/users/<int:id>", { name: "user" }, (request, { tenant, id }) => [
      `${tenant} ${id}`,
      request.urlFor(".index", { tenant }),
      request.urlFor(".user", { tenant: "globex", id: 2 }, { query: { a: 1 } }),
      request.urlFor("home"),
      request.urlFor("admin.index", {}, { anchor: "x" }),
    ]);
    const admin = new Blueprint("admin", { subdomain: "admin.app" });
    admin.get("/", { name: "index" }, () => "admin");
    const app = new App({ serverName: "Example.test" });
    app.get("/", { name: "home" }, (request) => [
      request.urlFor("home"),
      request.urlFor("tenants.index", { tenant: "acme" }),
    ]);
    app.register(tenants).register(admin);
    const on = (host: string): TestClient => app.test({ baseUrl: `http://${host}` });
    expect((await on("ACME.app.example.test").get("/")).text()).toBe("index of acme");
    expect((await on("acme.app.example.test:8000").get("/users/7")).json()).toEqual([
      "acme 7",
      "/",
      "http://globex.app.example.test:8000/users/2?a=1",
      "http://example.test:8000/",
      "http://admin.app.example.test:8000/#x",
    ]);
    expect((await on("example.test").get("/")).json()).toEqual(["/", "http://acme.app.example.test/"]);
    expect((await on("admin.app.example.test").get("/")).text()).toBe("admin");
    // The fixed subdomain has no such route; the one with a value has.
    expect((await on("admin.app.example.test").get("/users/7")).json<string[]>()[0]).toBe("admin 7");
    expect((await on("acme.app.example.test").get("/nothing")).status).toBe(404);
    expect((await on("acme.app.example.test").post("/")).status).toBe(405);
    for (const tenant of ["a/b", "Acme", "a b", "a:80", "é", "..", "a..b", "", "a@b"]) {
      expect(() => app.urlFor("tenants.index", { tenant }), tenant).toThrow(FrameworkError);
    }
    expect(() => app.urlFor("tenants.index", {})).toThrow('needs a value "tenant"');
    const twice = new Blueprint("twice", { subdomain: "<id>" });
    twice.get("/<id>", () => "");
    expect(() => new App({ serverName: "x.test" }).register(twice)).toThrow(
      'a value "id", which its subdomain has too',
    );
  });

  it("bring converters", async () => {
    const hex: Converter<number> = {
      regex: "[0-9a-f]+",
      parse: (text) => (text.length > 4 ? undefined : Number.parseInt(text, 16)),
      format: (value) => value.toString(16),
    };
    const part = new Blueprint("part", { converters: { hex } });
    part.get("/<hex:n>", (_, { n }) => ({ n }));
    const app = new App();
    app.register(part);
    expect((await app.test().get("/ff")).json()).toEqual({ n: 255 });
    expect((await app.test().get("/fffff")).status).toBe(404);
    expect(() => new App().get("/<hex:n>", () => "")).toThrow('unknown converter "hex"');
    const grouped = { ...hex, regex: "([0-9a-f])+" };
    expect(() => new App({ converters: { hex: grouped } }).get("/<hex:n>", () => "")).toThrow("capturing group");
  });
});
