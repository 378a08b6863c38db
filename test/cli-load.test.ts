// What `tsgi` loads, and what it says when it cannot: the real command on real files.
import { afterAll, describe, expect, test } from "vitest";
import { Project } from "./cli-command.ts";

const ANSWER = 'startResponse("200 OK", [["Content-Type", "text/plain"]]); return [Buffer.from(String(text))];';

const project = new Project({
  "tsconfig.json": JSON.stringify({ compilerOptions: { paths: { "@lib/*": ["./lib/*"] } } }),
  "lib/words.ts": 'export const word: string = "lib";\nexport interface Shape { side: number }\n',
  "features.ts": `
    import type { WSGIApplication } from "tsgi/wsgi";
    import { Shape, word } from "./lib/words.js";
    import { word as byPath } from "@lib/words";
    enum Color { Red = "red" }
    class Point { constructor(private readonly x: number) {} get doubled() { return this.x * 2; } }
    namespace Inner { export const value = 7; }
    const late = await Promise.resolve("late");
    const shape = <Shape>{ side: 3 };
    const text = [Color.Red, new Point(2).doubled, Inner.value, late, shape.side, word, byPath, import.meta.url.slice(0, 8)];
    export const application: WSGIApplication = (environ, startResponse) => { ${ANSWER} };
  `,
  "hono.ts": `export default { fetch() { return new Response("x"); } };`,
  "express.ts": `export const app = Object.assign((req, res) => void res.end("x"), { listen() {}, handle() {}, use() {} });`,
  "app.ini": "",
  "plain.ts": `const text: string = "plain"; export const app = (environ: object, startResponse: Function) => { ${ANSWER} };`,
  "common.cjs": `const text = "common"; module.exports = { application(environ, startResponse) { ${ANSWER} } };`,
  "commonjs.cts": `const text: string = "cts"; export = function (environ: object, startResponse: Function) { ${ANSWER} };`,
  "module.mjs": `const text = "module"; export default (environ, startResponse) => { ${ANSWER} };`,
  "view.tsx": `const React = { createElement: (name: string) => name };
    const text = <b />; export const app = (environ: object, startResponse: Function) => { ${ANSWER} };`,
  "shop/wsgi.ts": `
    export const makeApp = async (...text: unknown[]) => (environ: object, startResponse: Function) => { ${ANSWER} };
    export class Iterated { constructor(environ: object, startResponse: Function) { startResponse("200 OK", []); }
      *[Symbol.iterator]() { yield Buffer.from("iterated"); } }
    export const callable = { call(environ: object, startResponse: Function) { const text = "called"; ${ANSWER} } };
    export const version = 3;
  `,
  "node_modules/parcel/package.json": JSON.stringify({ name: "parcel", type: "module", exports: "./main.js" }),
  "node_modules/parcel/main.js": `const text = "parcel"; export const app = (environ, startResponse) => { ${ANSWER} };`,
  "same.ts": `
    enum Forced { Jiti }
    import { ContractViolation, toApplication } from "tsgi/wsgi";
    export const application = (environ: object, startResponse: Function) => {
      let text = "another instance";
      try { (startResponse as Function)("200 OK", []); (startResponse as Function)("200 OK", []); }
      catch (error) { if (error instanceof ContractViolation) text = "same instance"; }
      return [Buffer.from(text)];
    };
  `,
  "same.mjs": `
    import { ContractViolation } from "tsgi/wsgi";
    export const application = (environ, startResponse) => {
      let text = "another instance";
      startResponse("200 OK", []);
      try { startResponse("200 OK", []); } catch (error) { if (error instanceof ContractViolation) text = "same instance"; }
      return [Buffer.from(text)];
    };
  `,
  "bad/syntax.ts": "export const a = 1;\nexport const b: = 2;\n",
  "bad/syntax.mjs": "export const a = 1;\nconst b = ;\n",
  "bad/syntax.cjs": "const a = 1;\nconst b = ;\n",
  "bad/imports-syntax.ts": 'import "./syntax.ts";\nexport const app = () => [];\n',
  "bad/throws.ts": "const a = 1;\nfunction fail(): never {\n  throw new RangeError('too far');\n}\nfail();\n",
  "bad/throws-json.mjs": 'JSON.parse("{x");\n',
  "bad/missing.ts": 'import "no-such-package";\n',
  "bad/timer.ts": "setInterval(() => {}, 1000);\nthrow new Error('with a timer');\n",
});
afterAll(() => project.remove());

describe("tsgi loads", () => {
  test.each([
    [
      "enum, parameter property, namespace, top-level await, cast, .js for .ts, tsconfig paths",
      "features.ts",
      "red,4,7,late,3,lib,lib,file:///",
    ],
    ["erasable TypeScript", "plain.ts", "plain"],
    ["CommonJS", "common.cjs", "common"],
    ["CommonJS in TypeScript", "commonjs.cts", "cts"],
    ["a default export", "module.mjs", "module"],
    ["JSX", "view.tsx:app", "b"],
    ["a dotted module, and a factory with arguments", 'shop.wsgi:makeApp("a", [1], null)', "a,1,"],
    ["an iterated class", "shop.wsgi:Iterated", "iterated"],
    ["an object with call()", "./shop/wsgi:callable", "called"],
    ["a package", "parcel:app", "parcel"],
    ["TypeScript with this package as the server has it", "same.ts", "same instance"],
    ["JavaScript with this package as the server has it", "same.mjs", "same instance"],
  ])("%s", async (_, target, body) => {
    const result = await project.run(["fetch", target, "/"]);
    expect(result).toMatchObject({ stderr: "", stdout: body, code: 0 });
  });

  test("from the cache the second time", async () => {
    await project.run(["fetch", "features.ts", "/"]);
    const result = await project.run(["fetch", "features.ts", "/"]);
    expect(result).toMatchObject({ stderr: "", code: 0 });
  });
});

describe("tsgi says in one clear message, with an exit code of its own,", () => {
  test.each([
    [
      "that a file is missing",
      "nope.ts",
      5,
      /^tsgi: Cannot find "nope.ts": no such file \(looked for .*\/nope.ts\)\nFor more: tsgi explain ERR_TSGI_\w+\n$/,
    ],
    [
      "that a module is missing",
      "nope.wsgi:app",
      5,
      /^tsgi: Cannot find the module "nope.wsgi": expected nope\/wsgi.ts .*\nFor more: tsgi explain ERR_TSGI_\w+\n$/,
    ],
    [
      "where a syntax error is",
      "bad/syntax.ts",
      6,
      /^tsgi: Syntax error in .*bad\/syntax.ts:2:\d+: .*\n 2 \| export const b: = 2;\n {3}\| +\^\nFor more: tsgi explain ERR_TSGI_\w+\n$/,
    ],
    [
      "where a syntax error is in JavaScript",
      "bad/syntax.mjs",
      6,
      /^tsgi: Syntax error in .*bad\/syntax.mjs:2:\d+: .*\n 2 \| const b = ;\n/,
    ],
    [
      "where a syntax error is in CommonJS",
      "bad/syntax.cjs",
      6,
      /^tsgi: Syntax error in .*bad\/syntax.cjs:2:\d+: .*\n 2 \| const b = ;\n/,
    ],
    [
      "where a syntax error is in an imported file",
      "bad/imports-syntax.ts",
      6,
      /^tsgi: Syntax error in .*bad\/syntax.ts:2:/,
    ],
    [
      "what the application threw, with its own frames alone",
      "bad/throws.ts",
      4,
      /^tsgi: ".*bad\/throws.ts" threw while loading: RangeError: too far\n {4}at fail \(.*throws.ts:3:\d+\)\n {4}at .*throws.ts:5:\d+\)?\nFor more: tsgi explain ERR_TSGI_\w+\n$/,
    ],
    [
      "that a SyntaxError at run time is no syntax error",
      "bad/throws-json.mjs",
      4,
      /threw while loading: SyntaxError: .*JSON/,
    ],
    [
      "which import is missing",
      "bad/missing.ts",
      4,
      /^tsgi: ".*missing.ts" cannot be loaded: Cannot find (?:module|package) 'no-such-package' imported from .*missing.ts\nFor more: tsgi explain ERR_TSGI_\w+\n$/,
    ],
    ["what failed although a timer runs", "bad/timer.ts", 4, /with a timer/],
    [
      "which attribute was meant",
      "plain.ts:ap",
      7,
      /^tsgi: "plain.ts" has no export "ap": did you mean "app"\? \(it exports "app"\)\nFor more: tsgi explain ERR_TSGI_\w+\n$/,
    ],
    ["that there is no default attribute", "lib/words.ts", 7, /exports no "application", no "app" and no default/],
    [
      "that an attribute is no application",
      "shop.wsgi:version",
      8,
      /^tsgi: "version" in "shop.wsgi" is not an application: Cannot use the number 3/,
    ],
    [
      "that an INI file is not there",
      "ap.ini",
      5,
      /^tsgi: Cannot read the configuration file ".*ap.ini": no such file; did you mean "app.ini"\nFor more: tsgi explain ERR_TSGI_\w+\n$/,
    ],
    ["that a directory is no file", ".", 5, /^tsgi: Cannot load ".": it is a directory/],
    ["that the target has no known form", "a b", 2, /^tsgi: Cannot read the target "a b": expected "file.ts"/],
    ["that arguments are no JSON", "shop.wsgi:makeApp(x)", 2, /expected JSON values separated by commas/],
  ])("%s", async (_, target, code, message) => {
    const result = await project.run([target, "--bind", "127.0.0.1:0"]);
    expect(result.stderr).toMatch(message);
    expect(result).toMatchObject({ stdout: "", code });
  });

  test.each([
    [
      "an unknown option",
      ["plain.ts", "--bnid", "x"],
      /^tsgi: Unknown option "--bnid"; did you mean "--bind"\nRun "tsgi --help" for the options\n$/,
    ],
    [
      "nothing on it, with examples",
      [],
      /^tsgi: Name what to serve\n\nUsage: tsgi [^]*Examples:\n {2}tsgi app.ts [^]*Run "tsgi --help"/,
    ],
    [
      "no path to fetch",
      ["fetch", "plain.ts"],
      /^tsgi: Missing argument <path>\nRun "tsgi fetch --help" for the options\n$/,
    ],
    ["a mistyped platform", ["init", "nginz"], /^tsgi: Unknown platform "nginz"; did you mean "nginx"\n$/],
    [
      "an unknown kind of file",
      ["import", "x", "--from", "lighttpd"],
      /^tsgi: Unknown kind of file "lighttpd"; expected one of "gunicorn"/,
    ],
    [
      "a mistyped subcommand",
      ["ctl", "shwo"],
      /^tsgi: Unknown command "shwo"; did you mean "show"\nRun "tsgi ctl --help"/,
    ],
    [
      "a mistyped command",
      ["fetsh", "plain.ts", "/"],
      /^tsgi: Cannot find "fetsh"; did you mean the command "fetch"\n$/,
    ],
    ["a mistyped command alone", ["relaod"], /^tsgi: Cannot find "relaod"; did you mean the command "reload"\n$/],
    [
      "no number of workers",
      ["ctl", "worker", "add", "x"],
      /^tsgi: Cannot use the number "x": expected a whole number above 0\n$/,
    ],
    [
      "help on what is no command",
      ["help", "ctl", "shwo"],
      /^tsgi: There is no command "shwo"; did you mean "show"\n$/,
    ],
    [
      "a bad number",
      ["plain.ts", "--backlog", "x"],
      /^tsgi: Cannot use --backlog "x": expected a whole number from 1 to 65535\n$/,
    ],
    [
      "a bad choice",
      ["plain.ts", "--log-level", "loud"],
      /^tsgi: Cannot use --log-level "loud": expected one of debug, info/,
    ],
    [
      "a bad address",
      ["plain.ts", "--bind", "nonsense:port"],
      /^tsgi: Cannot use --bind "nonsense:port": expected HOST:PORT/,
    ],
    ["a bad log format", ["plain.ts", "--access-logfile", "-", "--access-logformat", "%(Z)s"], /unknown "%\(Z\)s"/],
    ["a key without a certificate", ["plain.ts", "--keyfile", "x"], /^tsgi: --keyfile also needs --certfile/],
  ])("that the command line has %s", async (_, args, message) => {
    const result = await project.run(args);
    expect(result.stderr).toMatch(message);
    expect(result).toMatchObject({ stdout: "", code: 2 });
  });
});

describe("tsgi", () => {
  test.each([
    ["--help", ["Usage: tsgi", "\nCommands:\n  fetch ", "--bind <address>", "--reload", 'Run "tsgi --help all"']],
    ["--help all", ["Usage: tsgi", "--max-in-flight", "\nExit codes:\n", " 9  another process listens"]],
    ["help all", ["Usage: tsgi", "--max-in-flight", "\nExit codes:\n"]],
    ["help ctl show", ["Usage: tsgi ctl show"]],
    ["ctl show --help", ["Usage: tsgi ctl show"]],
  ])("%s prints help on standard output", async (line, texts) => {
    const { code, stdout, stderr } = await project.run(line.split(" "));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const text of texts) expect(stdout).toContain(text);
  });

  test("--version prints the version, then the runtimes", async () => {
    expect(await project.run(["--version"])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        new RegExp(`^\\d+\\.\\d+\\.\\d+\nNode ${process.versions.node} \\(${process.execPath}\\)\nPython .+\n$`),
      ),
    });
  });
});

test.each(["hono.ts", "express.ts"])("serves what is written for another interface: %s", async (target) => {
  expect(await project.run(["fetch", target, "/"])).toMatchObject({ stdout: "x", code: 0 });
});
