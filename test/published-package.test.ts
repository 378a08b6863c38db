// The package as npm packs it, installed into an empty project and run by `npx tsgi`: what somebody has who knows the docs only.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { markdownFiles } from "./markdown-blocks.ts";
import { nodeOf } from "./needs.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "tsgi-published-"));

const APP = `
import type { WSGIApplication } from "tsgi";
const named = (name: string): WSGIApplication => (_environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [Buffer.from(name)];
};
export const app = named("app");
export const users = named("users");
export const files = named("files");
`;

/** What Node's own loader cannot read on any version: jiti loads this file and all that it imports. */
const ENUM = "enum Letter { A = 1 }\nexport const letter: number = Letter.A;\n";

/** The whole programs of the pages on middleware, by section. */
const programs = readdirSync(join(ROOT, "docs"))
  .filter((page) => page.startsWith("middleware-"))
  .flatMap((page) =>
    readFileSync(join(ROOT, "docs", page), "utf8")
      .split(/^## /m)
      .slice(1),
  )
  .flatMap((section) => {
    const program = /^```ts\n([^]*?)^```$/m.exec(section)?.[1] ?? "";
    return program.includes("export const application") ? [[section.split("\n", 1)[0] ?? "", program] as const] : [];
  });

/** The files of the guide to testing, which check themselves. */
const guideFiles = [...markdownFiles(readFileSync(join(ROOT, "docs", "testing.md"), "utf8"))];

/** One application for all of them, `/etag` and so on. */
function siteOf(first: string): string {
  return [
    first,
    'import type { WSGIApplication } from "tsgi/wsgi";',
    'import { TestClient } from "tsgi/testing";',
    ...programs.map(([name], index) => `import { application as of${index} } from "./${name}.ts";`),
    `const all = { ${programs.map(([name], index) => `"/${name}": of${index}`).join(", ")} };`,
    "export const application: WSGIApplication = async (environ, startResponse) => {",
    "  const inner = all[environ.PATH_INFO as keyof typeof all];",
    '  const { status } = await new TestClient(inner).get("/");',
    '  startResponse("200 OK", [["Content-Type", "text/plain"]]);',
    "  return [Buffer.from(String(status))];",
    "};",
  ].join("\n");
}

/** Users' files: with the module type that `npm init` writes, and with Node's loader and with jiti. */
const FILES: Readonly<Record<string, string>> = {
  "package.json": JSON.stringify({ name: "shop", version: "1.0.0", type: "commonjs", private: true }),
  "app.ts": APP,
  "letter.ts": ENUM,
  "site.ts": siteOf(""),
  "site-by-jiti.ts": siteOf('import "./letter.ts";'),
  "tsgi.config.ts": [
    'import { defineConfig } from "tsgi/server";',
    'import { etag } from "tsgi/middleware/etag";',
    "export default defineConfig({ procName: etag.name });",
  ].join("\n"),
  "users.htpasswd": "ada:$apr1$saltsalt$EGVZDNN6gOqijy.tv9axG/\n",
  "public/hello.txt": "hello",
  "sorry.html": "<p>Sorry",
  ...Object.fromEntries(guideFiles),
  "guide.ts": [...guideFiles.map(([name]) => `import "./${name}";`), 'export { application } from "./shop.ts";'].join(
    "\n",
  ),
  ...Object.fromEntries(programs.map(([name, text]) => [`${name}.ts`, text])),
};

const variables = {
  ...process.env,
  BACKUP_TOKEN: "0123456789abcdef",
  SESSION_SECRET: "0123456789abcdef".repeat(2),
  npm_config_prefer_offline: "true",
  npm_config_update_notifier: "false",
};

/** @param node - path of its executable, which stands first in the PATH */
function environmentFor(node: string): NodeJS.ProcessEnv {
  return { ...variables, PATH: `${dirname(node)}${delimiter}${process.env["PATH"] ?? ""}` };
}

function npm(args: readonly string[], directory: string): string {
  return execFileSync("npm", args, {
    cwd: directory,
    env: variables,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}

beforeAll(() => {
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const [packed] = JSON.parse(npm(["pack", "--json", "--silent", "--pack-destination", folder], ROOT)) as [
    { filename: string },
  ];
  npm(["install", "--no-audit", "--no-fund", `./${packed.filename}`], folder);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a file of the installed package imports, and what those import, below its dist. */
function importsBelow(entry: string): string[] {
  const root = join(folder, "node_modules", "tsgi", "dist");
  const files = new Set([join(root, entry)]);
  const others = new Set<string>();
  for (const file of files) {
    for (const [, specifier = ""] of readFileSync(file, "utf8").matchAll(/\b(?:from|import) ?\(?"([^"]+)"/g)) {
      if (specifier.startsWith(".")) files.add(join(dirname(file), specifier));
      else others.add(specifier);
    }
  }
  return [...others];
}

test("the fetch gateway, as it is installed, imports nothing of Node", () => {
  expect(importsBelow("gateways/node/index.js")).toContain("node:net");
  expect(importsBelow("gateways/fetch/index.js")).toEqual([]);
});

interface Served {
  readonly child: ChildProcess;
  readonly url: string;
  readonly arbiter: number;
}

async function serve(node: string, file: string): Promise<Served> {
  const args = ["tsgi", file, "--bind", "127.0.0.1:0", "--config", "tsgi.config.ts"];
  const child = spawn("npx", args, { cwd: folder, env: environmentFor(node), stdio: ["ignore", "inherit", "pipe"] });
  return await new Promise((resolve, reject) => {
    let log = "";
    child.stderr.on("data", (chunk: Buffer) => {
      log += chunk.toString();
      const announced = /(http:\/\/127\.0\.0\.1:\d+) \((\d+)\)/.exec(log);
      if (announced !== null) resolve({ child, url: announced[1] ?? "", arbiter: Number(announced[2]) });
    });
    child.once("close", (code) => reject(new Error(`npx tsgi ended with ${code}: ${log}`)));
  });
}

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** On the later Node only that one is tried: the suite runs on both. */
const nodes = (process.versions.node.startsWith("20.") ? [20, 22] : [Number.parseInt(process.versions.node, 10)]).map(
  (major) => [major, nodeOf(major)] as const,
);

describe.each(nodes)("on Node %i", (_, node) => {
  test.skipIf(node === undefined).each(["site.ts", "site-by-jiti.ts"])(
    "`npx tsgi %s` serves every program of the docs, and ends with npx",
    async (file) => {
      const { child, url, arbiter } = await serve(node ?? "", file);
      try {
        for (const [name] of programs) {
          const response = await fetch(`${url}/${name}`);
          expect([name, response.status, Number(await response.text())]).toEqual([name, 200, expect.any(Number)]);
        }
      } finally {
        child.kill("SIGTERM");
      }
      await expect.poll(() => runs(arbiter)).toBe(false);
    },
  );

  test.skipIf(node === undefined)("the tests of the guide to testing pass", () => {
    const args = ["tsgi", "fetch", "--validate", "guide.ts", "/"];
    const options = { cwd: folder, env: environmentFor(node ?? ""), encoding: "utf8" } as const;
    expect(guideFiles.map(([name]) => name)).toContain("shop.test.ts");
    expect(execFileSync("npx", args, options)).toBe('{"order":"","cookie":null}');
  });

  test.skipIf(node === undefined)("what a package does not export is called by its name", () => {
    writeFileSync(join(folder, "wrong.ts"), 'import "./letter.ts";\nimport "tsgi/middleware/no-such";\n');
    const run = (): string =>
      execFileSync("npx", ["tsgi", "fetch", "wrong.ts", "/"], {
        cwd: folder,
        env: environmentFor(node ?? ""),
        stdio: "pipe",
      }).toString();
    expect(run).toThrow(/tsgi\/middleware\/no-such|\.\/middleware\/no-such/);
  });
});
