// What the fetch gateway is made of must run where there is no Node.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readFileSync } from "node:fs";
import { createContext, runInContext } from "node:vm";
import ts from "typescript";
import { expect, test } from "vitest";
import type { toFetchHandler as ToFetchHandler } from "./fetch-handler.ts";

const ENTRY = fileURLToPath(new URL("index.ts", import.meta.url));

/** Imports of a file that are there when it runs. */
function importsOf(path: string): string[] {
  const options = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };
  const { outputText } = ts.transpileModule(readFileSync(path, "utf8"), { compilerOptions: options });
  return ts.preProcessFile(outputText, true, true).importedFiles.map(({ fileName }) => fileName);
}

function graphOf(entry: string): { files: Set<string>; packages: Set<string> } {
  const files = new Set([entry]);
  const packages = new Set<string>();
  for (const file of files) {
    for (const specifier of importsOf(file)) {
      if (specifier.startsWith(".")) files.add(join(dirname(file), specifier));
      else packages.add(specifier);
    }
  }
  return { files, packages };
}

test("no module of tsgi/gateways/fetch imports anything of Node, or a package", () => {
  const { files, packages } = graphOf(ENTRY);
  expect([...files].some((file) => file.endsWith("/wsgi/handler.ts"))).toBe(true);
  expect([...packages]).toEqual([]);
});

test("it answers in a realm that has only what the web has", async () => {
  const { files } = graphOf(ENTRY);
  const modules = new Map<string, string>();
  for (const file of files) {
    const options = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.CommonJS };
    modules.set(file, ts.transpileModule(readFileSync(file, "utf8"), { compilerOptions: options }).outputText);
  }
  const lines: string[] = [];
  const web = {
    Uint8Array,
    Request,
    Response,
    Headers,
    ReadableStream,
    AbortController,
    TextEncoder,
    crypto,
    performance,
    setTimeout,
    clearTimeout,
  };
  const realm = createContext({ ...web, console: { error: (line: string) => lines.push(line) } });
  const loaded = new Map<string, object>();
  const load = (file: string): object => {
    const found = loaded.get(file);
    if (found !== undefined) return found;
    const exports = {};
    loaded.set(file, exports);
    const run = runInContext(`(function (exports, require) {${modules.get(file)}\n})`, realm) as (
      exports: object,
      require: (specifier: string) => object,
    ) => void;
    run(exports, (specifier) => load(join(dirname(file), specifier)));
    return exports;
  };
  const { toFetchHandler } = load(ENTRY) as { toFetchHandler: typeof ToFetchHandler };
  const handle = toFetchHandler(async (environ, startResponse) => {
    environ["wsgi.errors"].write("a line for the log\n");
    const body = await environ["wsgi.input"].read();
    const write = startResponse("200 OK", [["Content-Type", "text/plain"]]);
    await write(environ["wsgi.input"] === null ? body : new TextEncoder().encode("got "));
    return [body, new TextEncoder().encode("!")];
  });
  const response = await handle(new Request("http://a/?q", { method: "POST", body: "some text" }));
  expect([await response.text(), lines]).toEqual(["got some text!", ["a line for the log"]]);
});
