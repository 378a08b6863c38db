import { describe, expect, it } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import type { WSGIApplication } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import { compilePath } from "./selector/path-expression.ts";
import { compositeFactory, ROUTING_ARGS, selector, SELECTOR_MATCHES, type SelectorRoute } from "./selector.ts";

const named = (name: string): WSGIApplication =>
  validator((environ, startResponse) => {
    startResponse("200 OK", [["Content-Type", "application/json"]]);
    const { SCRIPT_NAME, PATH_INFO } = environ;
    const told = { name, args: environ[ROUTING_ARGS], SCRIPT_NAME, PATH_INFO, matches: environ[SELECTOR_MATCHES] };
    return [Buffer.from(JSON.stringify(told))];
  });

describe("path expressions", () => {
  it.each([
    ["/", "/", []],
    ["/", "/x", null],
    ["/hello/{name}", "/hello/world", ["world"]],
    ["/hello/{name}", "/hello/a.b", null],
    ["/hello/{name}", "/hello/a/b", null],
    ["/hello/{name:segment}", "/hello/a.b", ["a.b"]],
    ["/hello/{name:any}", "/hello/a/b.c", ["a/b.c"]],
    ["/{y:digits}/{m:digits}[/[{article}[/]]]", "/2026/11", ["2026", "11", undefined]],
    ["/{y:digits}/{m:digits}[/[{article}[/]]]", "/2026/11/", ["2026", "11", undefined]],
    ["/{y:digits}/{m:digits}[/[{article}[/]]]", "/2026/11/news/", ["2026", "11", "news"]],
    ["/{y:digits}/{m:digits}", "/2026/x", null],
    ["/{v:number}", "/1.5", ["1.5"]],
    ["/{v:number}", "/.5", [".5"]],
    ["/{v:number}", "/1x5", null],
    ["/{v:alpha}", "/abc", ["abc"]],
    ["/{v:alpha}", "/ab1", null],
    ["/{v:word}", "/ab_1", ["ab_1"]],
    ["/{:word}-{:digits}", "/ab-1", ["ab", "1"]],
    ["/a.b+(c)|", "/a.b+(c)/d", []],
    ["/a.b", "/aXb", null],
    ["/v", "/v\n", null],
    ["/v|", "/v/rest", []],
    ["/users[/{id:digits}]|", "/users/7/edit", ["7"]],
  ])("%j over %j", (expression, path, pieces) => {
    const match = compilePath(expression).match(path);
    expect(match && [...match].slice(1)).toEqual(pieces);
  });

  it.each([
    ["/a[b", "has a bracket without its partner"],
    ["/a]b[", "has a bracket without its partner"],
    ["/{a", 'has a single "{"'],
    ["/a}", 'has a single "}"'],
    ["/{a:digit}", 'has the unknown type "digit"; did you mean "digits"'],
    ["/{a}/{a}", 'uses the name "a" twice'],
  ])("%j is refused", (expression, message) => {
    expect(() => compilePath(expression)).toThrow(message);
  });

  it.each([
    [{ slug: "(?<a>x)\\1" }, 'Type "slug" is "(?<a>x)\\1"; expected a regular expression that does not refer back'],
    [{ slug: "[a" }, 'Type "slug" is "[a"; expected a regular expression'],
  ])("refuses the types %j", (types, message) => {
    expect(() => compilePath("/{name:slug}", types)).toThrow(message);
  });

  it("numbers the pieces only, whatever groups and classes a type has", () => {
    const types = { slug: "(?<first>[a-z(])(-[a-z(])*(x)?" };
    expect(compilePath("/{a:slug}-{b}", types).match("/(-bx-c")).toEqual(["/(-bx-c", "(-bx", "c"]);
  });

  it("takes further types, also those with groups of their own", () => {
    expect(compilePath("/{lang:language}/{page}", { language: "(de|en)" }).match("/de/x")?.slice(1)).toEqual([
      "de",
      "x",
    ]);
  });
});

const ROUTES: SelectorRoute[] = [
  { path: "/users", methods: { GET: named("list"), POST: named("create") } },
  { path: "/users/{id:digits}[/edit]", methods: { GET: named("show") } },
  { path: "/users/{id:digits}[/edit]", methods: { DELETE: named("delete") } },
  { path: "/files/{:segment}/{:segment}", methods: { _ANY_: named("file") } },
  {
    path: "/nested/{area}|",
    methods: { _ANY_: selector({ routes: [{ path: "/{page}", methods: { GET: named("page") } }] }) },
  },
];

describe("selector", () => {
  const client = new TestClient(selector({ routes: ROUTES }));

  it.each([
    ["GET", "/users", { name: "list", args: [[], {}], SCRIPT_NAME: "/users", PATH_INFO: "", matches: ["/users"] }],
    ["GET", "/users/7/edit", { name: "show", args: [[], { id: "7" }], SCRIPT_NAME: "/users/7/edit", PATH_INFO: "" }],
    ["DELETE", "/users/7", { name: "delete" }],
    ["PUT", "/files/a/b.txt", { name: "file", args: [["a", "b.txt"], {}] }],
    [
      "GET",
      "/nested/blog/first",
      {
        name: "page",
        args: [[], { area: "blog", page: "first" }],
        SCRIPT_NAME: "/nested/blog/first",
        matches: ["/nested/blog", "/first"],
      },
    ],
  ])("%s %s is routed", async (method, path, told) => {
    expect((await client.request(method, path)).json()).toMatchObject(told);
  });

  it.each([
    ["GET", "/", 404, null],
    ["GET", "/users/ada", 404, null],
    ["PUT", "/users", 405, "GET, POST, HEAD"],
    ["POST", "/users/7", 405, "GET, HEAD, DELETE"],
    ["HEAD", "/users", 200, null],
  ])("%s %s gives %i, Allow %s", async (method, path, status, allow) => {
    const response = await client.request(method, path);
    expect([response.status, response.headers.get("Allow")]).toEqual([status, allow]);
  });

  it("answers HEAD with what answers GET, unless HEAD is named somewhere", async () => {
    let answered = "";
    const noting =
      (name: string): WSGIApplication =>
      (environ, startResponse) => {
        answered = name;
        return named(name)(environ, startResponse);
      };
    const ask = async (...names: readonly (readonly string[])[]): Promise<string> => {
      const routes = names.map((methods) => ({
        path: "/a",
        methods: Object.fromEntries(methods.map((method) => [method, noting(method)])),
      }));
      await new TestClient(selector({ routes, methodNotAllowed: noting("refused") })).request("HEAD", "/a");
      return answered;
    };
    expect(await ask(["GET", "_ANY_"])).toBe("GET");
    expect(await ask(["GET"], ["HEAD"])).toBe("HEAD");
    expect(await ask(["POST", "_ANY_"])).toBe("_ANY_");
    expect(await ask(["POST"])).toBe("refused");
  });

  it("leaves the path when told so, and puts a prefix before each", async () => {
    const route = { path: "/a", methods: { GET: named("a") } };
    const response = await new TestClient(selector({ routes: [route], prefix: "/v1", consumesPath: false })).get(
      "/v1/a",
    );
    expect(response.json()).toMatchObject({ SCRIPT_NAME: "", PATH_INFO: "/v1/a" });
  });

  it("refuses a route without methods", () => {
    expect(() => selector({ routes: [{ path: "/", methods: {} }] })).toThrow('Route "/" has no methods');
  });
});

describe("compositeFactory of selector", () => {
  const loader = { getApp: (name: string) => Promise.resolve(named(name)) };

  it("reads routes", async () => {
    const routes = "GET,POST /users/{id:digits} users\n* /files/{path:any} files";
    const client = new TestClient(await compositeFactory(loader, {}, { routes, not_found_app: "rest" }));
    const names = [client.post("/users/1"), client.put("/files/a/b"), client.get("/x")];
    const told = (await Promise.all(names)).map((response) => response.json<{ name: string }>().name);
    expect(told).toEqual(["users", "files", "rest"]);
  });

  it.each([
    [{ routes: "GET users" }, 'Option "routes" has the line "GET users"'],
    [{ route: "GET /a a" }, 'Unknown option "route"'],
  ])("refuses %j", async (conf, message) => {
    await expect(compositeFactory(loader, {}, conf as unknown as Record<string, string>)).rejects.toThrow(message);
  });
});
