// A temporary directory with configuration files and factories, for tests.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";
import { loadApp, type LoadOptions } from "../../src/deploy/load.ts";
import type { WSGIApplication } from "../../src/wsgi/types.ts";

/** What an application of {@link FACTORIES} tells about itself. */
export interface Story {
  readonly made: string;
  readonly globalConf: Record<string, string>;
  readonly localConf: Record<string, string>;
  readonly inner?: Story;
  readonly mounts?: Record<string, Story>;
}

/** Factories in JavaScript; what they make carries `story`. */
export const FACTORIES = `
const tell = (story) => Object.assign((environ, startResponse) => { startResponse("200 OK", []); return []; }, { story });
export const app = (globalConf, localConf) => tell({ made: "app", globalConf, localConf });
export const slowApp = async (globalConf, localConf) => tell({ made: "slow", globalConf, localConf });
export const filter = (globalConf, localConf) => (inner) => tell({ made: "filter", globalConf, localConf, inner: inner.story });
export const slowFilter = async (globalConf, localConf) => filter(globalConf, localConf);
export const filterApp = async (inner, globalConf, localConf) => tell({ made: "filterApp", globalConf, localConf, inner: inner.story });
export const composite = async (loader, globalConf, localConf) => {
  const mounts = {};
  for (const [key, name] of Object.entries(localConf)) mounts[key] = (await loader.getApp(name, globalConf)).story;
  return tell({ made: "composite", globalConf, localConf, mounts });
};
export const server = (globalConf, localConf) => (served) => ({ made: "server", globalConf, localConf, inner: served.story });
export const runner = (served, globalConf, localConf) => ({ made: "runner", globalConf, localConf, inner: served.story });
export const loading = async (loader, globalConf, localConf) => {
  const contexts = [loader.appContext("a"), loader.filterContext("f", globalConf), loader.serverContext(null)];
  const inner = await loader.getApp("a", { ...globalConf, added: "by hand" });
  const filtered = (await loader.getFilter("f", globalConf))(inner);
  const { made } = (await loader.getServer())(filtered);
  return tell({ made, globalConf, localConf: { filename: loader.filename, kinds: contexts.map(({ wanted }) => wanted).join(" "),
    sections: [...loader.file.sections.keys()].join(" ") }, inner: filtered.story });
};
export const shortForm = async (loader, globalConf) => tell({ made: "short", inner: (await loader.getApp(null, globalConf)).story });
export const nothing = () => undefined;
export const notAFunction = 42;
export const failing = () => { throw new Error("the database is away"); };
export const holder = { made: "method", create(globalConf, localConf) { return tell({ made: this.made, globalConf, localConf }); } };
export default app;
`;

/** Two filters of {@link FACTORIES}, to be put after the sections of a file. */
export const FILTERS =
  "\n[filter:f]\nuse = call:factories:filter\nname = f\n[filter:g]\nuse = call:factories:slowFilter\nname = g\n";

/** A file with an object of each kind, and one mistake of each kind. */
export const SHOP = `[DEFAULT]
debug = true
data = %(here)s/data

[composite:main]
use = call:factories:composite
/ = home
/api = api
/old = hom

[app:home]
use = call:factories:app
set debug = false
debug = maybe
title = <Home> & more

[pipeline:api]
pipeline = auth v1
filter-with = log

[app:v1]
use = home
title = V1

[filter:auth]
use = call:factories:filter
[filter:log]
use = call:factories:filtr

[aplication:typo]
[default]
[application:v1]
use = call:factories:app
[server:main]
use = egg:waitress#main
`;

/** A directory that is removed after the tests of the file. */
export class Project {
  readonly directory = realpathSync(mkdtempSync(join(tmpdir(), "tsgi-deploy-")));

  /** @param files - text by path; `factories.mjs` is there already */
  constructor(files: Readonly<Record<string, string>> = {}) {
    afterAll(() => rmSync(this.directory, { recursive: true, force: true }));
    for (const [name, text] of Object.entries({ "factories.mjs": FACTORIES, ...files })) this.write(name, text);
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** Writes a file and returns its `config:` URI. */
  write(name: string, text: string): string {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
    return `config:${this.path(name)}`;
  }

  /** Writes a configuration and returns what its main application tells about itself. */
  async story(text: string, options: LoadOptions = {}): Promise<Story> {
    return storyOf(await loadApp(this.write("app.ini", text), options));
  }
}

/** What an application tells about itself. */
export function storyOf(application: WSGIApplication): Story {
  return (application as unknown as { story: Story }).story;
}

/** Names of the layers, outermost first. */
export function layersOf(story: Story | undefined): string[] {
  return story === undefined ? [] : [story.localConf["name"] ?? story.made, ...layersOf(story.inner)];
}
