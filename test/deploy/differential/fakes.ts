// Factories for the differential test, the same as in fakes.py: each application carries a tree that says who was called, with
// what, around what.

type Configuration = Record<string, string>;
type Tree = Record<string, unknown>;
type FakeApp = (() => never[]) & { tree: Tree };
interface Loader {
  getApp(name: string, globalConf: Configuration): Promise<unknown>;
}

function fake(tree: Tree): FakeApp {
  return Object.assign(() => [], { tree });
}

function treeOf(app: unknown): Tree {
  return (app as FakeApp).tree;
}

function appFactory(kind: string) {
  return (globalConf: Configuration, localConf: Configuration) =>
    fake({ app: kind, global: globalConf, local: localConf });
}

export const app_one = appFactory("app_one");
export const app_two = appFactory("app_two");
export const holder = { method: appFactory("method") };

export function app_broken(): never {
  throw new Error("This factory always fails");
}

export async function composite(loader: Loader, globalConf: Configuration, localConf: Configuration) {
  const children: Tree = {};
  for (const [key, value] of Object.entries(localConf)) {
    if (key.startsWith("/")) children[key] = treeOf(await loader.getApp(value, globalConf));
  }
  return fake({ app: "composite", global: globalConf, local: localConf, children });
}

function filterFactory(kind: string) {
  return (globalConf: Configuration, localConf: Configuration) => (app: unknown) =>
    fake({ filter: kind, global: globalConf, local: localConf, inner: treeOf(app) });
}

export const filter_one = filterFactory("filter_one");
export const filter_two = filterFactory("filter_two");

export function filter_app(app: unknown, globalConf: Configuration, localConf: Configuration) {
  return fake({ filter: "filter_app", global: globalConf, local: localConf, inner: treeOf(app) });
}

export function server(globalConf: Configuration, localConf: Configuration) {
  return (app: unknown) => ({ server: "server", global: globalConf, local: localConf, inner: treeOf(app) });
}

export function server_runner(app: unknown, globalConf: Configuration, localConf: Configuration) {
  return { server: "server_runner", global: globalConf, local: localConf, inner: treeOf(app) };
}
