// Where factories come from: beside the file, node_modules, packages with a "tsgi" key, TypeScript, and other languages.
import { describe, expect, test } from "vitest";
import { DeployError } from "./errors.ts";
import type { GuestFactory, GuestLayer, GuestResolver, Missing } from "./guest-resolver.ts";
import { loadApp, loadFilter, loadServer } from "./load.ts";
import type { Middleware, WSGIApplication } from "../wsgi/types.ts";
import { FACTORIES, Project, storyOf, type Story } from "../../test/deploy/project.ts";

const TYPESCRIPT = `
enum Colour { Red = "red" }
class Teller { constructor(private readonly globalConf: object, readonly localConf: object) {}
  story() { return { made: Colour.Red, globalConf: this.globalConf, localConf: this.localConf }; } }
export const app = (g: object, l: object): unknown => Object.assign(() => [], { story: new Teller(g, l).story() });
export default app;
`;

const project = new Project({
  "typed.ts": TYPESCRIPT,
  "shop/web.mjs": FACTORIES.replaceAll('"app"', '"shop app"'),
  "plugins/index.mjs": FACTORIES.replaceAll('"app"', '"plugin app"'),
  "broken.mjs": `throw new Error("No import today");`,
  "thrower.mjs": `throw "no text";`,
  "nested.mjs": FACTORIES.replaceAll('"app"', '"nested app"').replace(
    "export default app",
    "export default { group: { app } }",
  ),
  "nulls.mjs": "export const nothing = null;",
  "node_modules/bare/package.json": '{"tsgi":{"apps":{"both":"./f.mjs:app"},"composites":{"both":"./f.mjs:app"}}}',
  "node_modules/Cased/package.json": '{"name":"Cased"}',
  "node_modules/spoilt/package.json": "{",
  "node_modules/import-only/package.json": '{"name":"import-only","exports":{"./other":"./other.js"}}',
  "own/package.json": '{"name":"own-package","tsgi":{"apps":{"main":"./f.mjs:app"}}}',
  "own/f.mjs": FACTORIES.replaceAll('"app"', '"own app"'),
  "common.cjs": `exports.app = (g, l) => Object.assign(() => [], { story: { made: "commonjs", globalConf: g, localConf: l } });`,
  "node_modules/esm-only/package.json": `{"name":"esm-only","type":"module","exports":{"import":"./main.js"}}`,
  "node_modules/esm-only/main.js": FACTORIES.replaceAll('"app"', '"esm app"'),
  "node_modules/@scope/kit/package.json": JSON.stringify({
    name: "@scope/kit",
    tsgi: {
      apps: { main: "./f.mjs:app", both: "./f.mjs:app" },
      composites: { map: "./f.mjs:mapOfMain", both: "./f.mjs:composite" },
      filters: { caps: "./f.mjs:filter" },
      filterApps: { caps: "./f.mjs:filterApp", only: "./f.mjs:filterApp" },
    },
  }),
  "node_modules/@scope/kit/f.mjs": `${FACTORIES.replaceAll('"app"', '"kit app"')}
    export const mapOfMain = (loader, globals) => loader.getApp(null, globals);`,
});

async function made(use: string, guests: readonly GuestResolver[] = []): Promise<string> {
  const uri = project.write("app.ini", `[app:main]\nuse = ${use}\n`);
  return storyOf(await loadApp(uri, { guests })).made;
}

describe("a factory is not found", () => {
  test.each<[what: string, use: string, message: string]>([
    ["in a module that fails", "call:broken:app", 'broken.mjs" fails when it is imported: No import today'],
    ["in a module that throws what is no error", "call:thrower:app", "fails when it is imported: no text"],
    ["where the export is null", "call:nulls:nothing", '"nulls:nothing" is null; expected a factory function'],
    ["under an export that is not there", "call:factories:ap", 'does not export "ap"; did you mean "app"'],
    ["inside an export that has no members", "call:factories:notAFunction.x", 'does not export "notAFunction.x"'],
    ["by a path that only a package has", "call:./esm-only:app", 'Cannot find the module "./esm-only"'],
    ["in a package that exports other paths only", "call:import-only:app", 'Cannot find the module "import-only"'],
    ["twice in a package", "egg:bare#both", 'Several entry points "both" of package'],
    ["in a package without such an entry point", "egg:@scope/kit#man", 'did you mean "main"'],
    ["in a package without any", "egg:Cased#main", 'Entry point "main" is not in package "Cased"'],
    [
      "in a package of a similar name",
      "egg:Casd#main",
      'Cannot find the package "Casd" in node_modules; did you mean "Cased"',
    ],
    ["in no package at all", "egg:#main", 'Cannot find the package "" in node_modules'],
    [
      "outside of the folder of TSGI's middleware",
      "egg:tsgi#../errors",
      'Entry point "../errors" is not in package "tsgi"',
    ],
  ])("%s: %s", async (_, use, message) => {
    await expect(made(use)).rejects.toMatchObject({
      code: "ERR_TSGI_DEPLOY_FACTORY",
      key: "use",
      message: expect.stringContaining(message) as string,
    });
  });

  test("in a module without a default export, where no attribute is given", async () => {
    const uri = project.write("app.ini", "[app:main]\npaste.app_factory = nulls\n");
    await expect(loadApp(uri)).rejects.toThrow('does not export "default"');
  });

  test("where a package.json cannot be read, which is no mistake of the configuration", async () => {
    await expect(made("egg:spoilt")).rejects.toThrow(SyntaxError);
  });
});

describe("a factory is found", () => {
  test.each<[use: string, made: string]>([
    ["call:factories:app", "app"],
    ["call:factories.mjs:app", "app"],
    ["call:./factories:app", "app"],
    ["call:typed:app", "red"],
    ["call:./typed.ts:app", "red"],
    ["call:common:app", "commonjs"],
    ["call:nested:group.app", "nested app"],
    ["call:shop.web:app", "shop app"],
    ["call:shop/web:app", "shop app"],
    ["call:plugins:app", "plugin app"],
    ["call:esm-only:app", "esm app"],
    ["call:@scope/kit/f.mjs:app", "kit app"],
    ["egg:@scope/kit", "kit app"],
    ["egg:@scope/kit#main", "kit app"],
  ])("by %s", async (use, story) => {
    expect(await made(use)).toBe(story);
  });

  test("in the package that the file itself belongs to, before all others", async () => {
    const uri = project.write("own/app.ini", "[app:main]\nuse = egg:own-package\n");
    expect(storyOf(await loadApp(uri)).made).toBe("own app");
  });

  test("by an explicit entry point whose extras, as setuptools writes them, say nothing here", async () => {
    const uri = project.write("app.ini", "[app:main]\npaste.app_factory = factories:app [db, cache]\n");
    expect(storyOf(await loadApp(uri)).made).toBe("app");
  });

  test("by an explicit entry point with white space around its colon", async () => {
    const uri = project.write("app.ini", "[app:main]\npaste.app_factory = factories : app\n");
    expect(storyOf(await loadApp(uri)).made).toBe("app");
  });

  test("by an explicit protocol without attribute: the default export", async () => {
    const uri = project.write("app.ini", "[app:main]\npaste.app_factory = typed\n");
    expect(storyOf(await loadApp(uri)).made).toBe("red");
  });

  test("once in a family: a filter hides the filter-app of its name", async () => {
    const app = await loadApp("call:./factories.mjs:app", { relativeTo: project.directory });
    const nameOf = async (name: string): Promise<string> => {
      const filter = await loadFilter(`egg:@scope/kit#${name}`, { relativeTo: project.directory });
      return storyOf(filter(app))?.made;
    };
    expect(await nameOf("caps")).toBe("filter");
    await expect(made("egg:@scope/kit#both")).rejects.toThrow("Several entry points");
  });

  test("by a composite of a package, whose names are those of the package, or URIs", async () => {
    const app = await loadApp("egg:@scope/kit#map", { relativeTo: project.directory });
    expect(storyOf(app).made).toBe("kit app");
    expect(await made("egg:@scope/kit#call:factories:app")).toBe("app");
  });

  test("not among the modules of Node", async () => {
    await expect(made("call:http:createServer")).rejects.toThrow('Cannot find the module "http"');
  });
});

/** A language of the test: everything called `loud.*` is there, and its layers shout their story. */
class LoudLanguage implements GuestResolver {
  readonly language = "Loud";
  readonly built: string[][] = [];

  async findCall(module: string, attribute: string | null): Promise<GuestFactory | null> {
    return module === "loud" ? { protocol: null, location: `loud:${attribute}`, handle: attribute } : null;
  }

  async findEntryPoints(distribution: string, name: string): Promise<readonly GuestFactory[] | null> {
    if (distribution !== "Loud") return null;
    return name === "main" ? [{ protocol: "paste.app_factory", location: "Loud#main", handle: "main" }] : [];
  }

  async hasDistribution(distribution: string): Promise<boolean> {
    return distribution === "Loud";
  }

  async candidates({ kind }: Missing): Promise<readonly string[]> {
    return { module: ["loud"], distribution: ["Loud"], entryPoint: ["main"] }[kind];
  }

  async createApplication(layers: readonly GuestLayer[]): Promise<WSGIApplication> {
    const inner = layers.at(-1) as GuestLayer;
    return this.#record(layers, undefined, inner);
  }

  async createMiddleware(layers: readonly GuestLayer[]): Promise<Middleware> {
    const last = layers.at(-1) as GuestLayer;
    return (application) => this.#record(layers, storyOf(application), last);
  }

  #record(layers: readonly GuestLayer[], inner: Story | undefined, last: GuestLayer): WSGIApplication {
    this.built.push(layers.map(({ factory, protocol }) => `${String(factory.handle)} ${protocol}`));
    const shout = layers.map(({ factory }) => String(factory.handle).toUpperCase()).join("+");
    const story = { made: shout, globalConf: last.globalConf, localConf: last.localConf, inner };
    return Object.assign<WSGIApplication, { story: unknown }>(() => [], { story });
  }
}

describe("another language", () => {
  test("is asked after this one, for modules and packages", async () => {
    expect(await made("call:loud:app", [new LoudLanguage()])).toBe("APP");
    expect(await made("egg:Loud", [new LoudLanguage()])).toBe("MAIN");
    await expect(made("egg:Loud#other", [new LoudLanguage()])).rejects.toThrow('"other" is not in package "Loud"');
    await expect(made("call:quiet:app", [new LoudLanguage()])).rejects.toThrow("not found in Loud either");
  });

  test("builds neighbouring layers in one piece, mixed with layers of this language in any order", async () => {
    const text =
      "[pipeline:main]\npipeline = a b js c inner\n[filter:a]\nuse = call:loud:a\n[filter:b]\nuse = call:loud:b\n" +
      "[filter:js]\nuse = call:factories:filter\n[filter:c]\nuse = call:loud:c\n" +
      "[app:inner]\nuse = call:loud:app\nx = 1\nrequire = Loud\n";
    const loud = new LoudLanguage();
    const app = storyOf(await loadApp(project.write("mixed.ini", text), { guests: [loud] }));
    expect([app.made, app.inner?.made, app.inner?.inner?.made]).toEqual(["A+B", "filter", "C+APP"]);
    expect(app.inner?.inner?.localConf).toEqual({ x: "1" });
    expect(loud.built).toEqual([
      ["c paste.filter_factory", "app paste.app_factory"],
      ["a paste.filter_factory", "b paste.filter_factory"],
    ]);
  });

  test("gives its mistakes a place, and is told of the packages that are required", async () => {
    const broken = new LoudLanguage();
    broken.findCall = async () => {
      throw new DeployError("ERR_TSGI_DEPLOY_FACTORY", "Loud cannot read this");
    };
    await expect(made("call:loud:app", [broken])).rejects.toMatchObject({ line: 2, key: "use" });
    broken.findCall = async () => {
      throw new RangeError("A fault of Loud");
    };
    await expect(made("call:loud:app", [broken])).rejects.toThrow(RangeError);
    const uri = project.write("app.ini", "[app:main]\nuse = call:factories:app\nrequire = Quiet\n");
    await expect(loadApp(uri, { guests: [new LoudLanguage()] })).rejects.toThrow(
      'Package "Quiet" is required, but not found in node_modules and in Loud',
    );
  });

  test("may have two entry points of a name, but then which one is unclear", async () => {
    const two = new LoudLanguage();
    two.findEntryPoints = async () => [
      { protocol: "paste.app_factory", location: "a", handle: "a" },
      { protocol: "paste.composite_factory", location: "b", handle: "b" },
    ];
    await expect(made("egg:Loud", [two])).rejects.toThrow('Several entry points "main" of package "Loud" match');
  });

  test("learns the place of a layer and of each of its keys", async () => {
    const loud = new LoudLanguage();
    const places: unknown[] = [];
    loud.createApplication = async ([layer]) => {
      places.push(layer?.placeOf(), layer?.placeOf("x"), layer?.placeOf("unknown"));
      return () => [];
    };
    await loadApp(project.write("app.ini", "[app:main]\nuse = call:loud:app\nx = 1\n"), { guests: [loud] });
    expect(places).toMatchObject([
      { line: 2, key: "use" },
      { line: 3, key: "x" },
      { line: 2, key: "use" },
    ]);
  });

  test("cannot serve", async () => {
    const uri = project.write("server.ini", "[server:main]\nuse = call:loud:serve\n");
    await expect(loadServer(uri, { guests: [new LoudLanguage()] })).rejects.toThrow("expected a server of TSGI");
  });

  test("wraps an application of this language", async () => {
    const text =
      "[pipeline:main]\npipeline = a inner\n[filter:a]\nuse = call:loud:a\n[app:inner]\nuse = call:factories:app\n";
    const app = storyOf(await loadApp(project.write("mixed.ini", text), { guests: [new LoudLanguage()] }));
    expect([app.made, app.inner?.made]).toEqual(["A", "app"]);
  });
});
