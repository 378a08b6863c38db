// The examples of the README and of the tour after it, run as a reader would run them: in a folder of their own, against the package as npm would pack it.
import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const { readmeElsewhere } = (await import(join(ROOT, "scripts", "readme-elsewhere.mjs"))) as {
  readmeElsewhere: (text: string, home: string | undefined) => string;
};
const README = readFileSync(join(ROOT, "README.md"), "utf8");
const TOUR = readFileSync(join(ROOT, "docs", "tour.md"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "tsgi-readme-"));

/** The TypeScript blocks by the file name that the sentence before each gives. */
const sources = new Map(
  [...(README + TOUR).matchAll(/`(\w+\.ts)`[^`]*(?:`[^`]+`[^`]*)*?\n\n```ts\n(.*?)```/gs)].map(
    ([, name = "", text = ""]) => [name, text],
  ),
);

function run(command: string, args: readonly string[], cwd = folder): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (status !== 0)
    throw new Error(`${command} ${args.join(" ")} ended with ${status}: ${stderr}${stdout}`, { cause: error });
  return stdout;
}

/** In an environment of their own: test/newcomers, test/start.test.ts, above; and what runs this. */
const RUN_ELSEWHERE = [
  "pip install tsgi flask",
  "tsgi shop.wsgi:app -w 4",
  "npm install tsgi",
  "npx tsgi app.ts",
  "tsgi gunicorn -c gunicorn.conf.py shop.wsgi:app",
  "curl http://127.0.0.1:8000/Ada",
  "npm start",
  "npm test",
];
const RUN_HERE = ["tsgi doctor", "tsgi fetch app.ts /Ada", "tsgi --help"];

const tsgi = join(folder, "node_modules", "tsgi", "bin", "tsgi.js");

beforeAll(() => {
  if (!existsSync(join(ROOT, "dist"))) throw new Error("dist is not built; run npm run build");
  const [packed] = JSON.parse(run("npm", ["pack", "--json", "--silent", "--pack-destination", folder], ROOT));
  const modules = join(folder, "node_modules");
  mkdirSync(modules);
  run("tar", ["-xzf", packed.filename]);
  run("mv", ["package", join(modules, "tsgi")]);
  for (const name of readdirSync(join(ROOT, "node_modules"))) {
    if (!name.startsWith(".")) symlinkSync(join(ROOT, "node_modules", name), join(modules, name));
  }
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  for (const [name, text] of sources) writeFileSync(join(folder, name), text);
});

afterAll(() => rmSync(folder, { recursive: true }));

describe("README and the tour", () => {
  test("name the file of each TypeScript block", () => {
    expect([...sources.keys()]).toEqual(["app.ts", "stamp.ts", "serve.ts"]);
    expect((README + TOUR).match(/^```ts$/gm)).toHaveLength(sources.size);
  });

  test("examples compile strictly against the types of the packed package", () => {
    const compilerOptions = {
      strict: true,
      module: "NodeNext",
      target: "ES2023",
      types: ["node"],
      noEmit: true,
      allowImportingTsExtensions: true,
      skipLibCheck: false,
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: [...sources.keys()] }));
    expect(run(process.execPath, [join(ROOT, "node_modules", "typescript", "bin", "tsc"), "-p", "."])).toBe("");
  });

  test("tsgi fetch prints the answer that the README shows", () => {
    expect(run(process.execPath, [tsgi, "fetch", "app.ts", "/Ada"])).toContain("Hello, Ada\n");
  });

  test("tsgi serves app.ts with the answer that the README shows", async () => {
    const server = spawn(process.execPath, [tsgi, "app.ts", "--bind", "127.0.0.1:0"], { cwd: folder });
    try {
      const url = await new Promise<string>((resolve, reject) => {
        let log = "";
        server.stderr.on("data", (chunk: Buffer) => {
          log += chunk.toString();
          const announced = /http:\/\/127\.0\.0\.1:\d+/.exec(log);
          if (announced !== null) resolve(announced[0]);
        });
        server.on("close", (code) => reject(new Error(`tsgi ended with ${code}: ${log}`)));
      });
      const shown = /curl http:\/\/127\.0\.0\.1:8000(\S+)\n(.*\n)/.exec(README);
      const response = await fetch(url + (shown?.[1] ?? ""));
      expect(await response.text()).toBe(shown?.[2]);
    } finally {
      server.kill("SIGTERM");
    }
  });

  test("the script with client and server prints both answers", () => {
    // A script of TypeScript runs by itself from Node 22.18 on; jiti does the same on older ones.
    const jiti = join(ROOT, "node_modules", "jiti", "lib", "jiti-cli.mjs");
    expect(run(process.execPath, [jiti, "serve.ts"])).toBe("200 ONE\nTWO\n\nTHREE\n");
  });
});

describe("the README on the pages of npm and PyPI", () => {
  const HOME = "https://example.org/tsgi/blob/v1.0.0";
  const linked = (text: string): string[] => Array.from(text.matchAll(/\]\(([^)]+)\)/g), ([, link = ""]) => link);

  test("has only absolute links, each to a file that is there, and its pictures", () => {
    const links = linked(readmeElsewhere(README, HOME));
    expect(links).toHaveLength(linked(README).length);
    const paths = links.map(
      (link) => /^https:\/\/example\.org\/tsgi\/(?:blob|raw)\/v1\.0\.0\/([^#]+)/.exec(link)?.[1] ?? link,
    );
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    expect(links.filter((link) => link.includes("/raw/"))).toEqual([expect.stringMatching(/\.svg$/)]);
  });

  test("has no links where it is not known where the files are", () => {
    expect(linked(readmeElsewhere(README, undefined))).toEqual([]);
  });

  test("is what a release packs", () => {
    const workflow = readFileSync(join(ROOT, ".github", "workflows", "release.yml"), "utf8");
    expect(workflow).toMatch(/node scripts\/readme-elsewhere\.mjs "\$FILES"\n[^]*npm pack[^]*npm run build:wheel/);
  });
});

test("each command in the README is run by a test", () => {
  const blocks = [...README.matchAll(/^```(?:sh|console)\n([^]*?)^```$/gm)].flatMap(([, text = ""]) =>
    text.split("\n"),
  );
  const typed = blocks
    .map((line) => line.replace(/^\$ /, "").replace(/ +#.*$/, ""))
    .filter((line) => /^(?:pip|tsgi|np[mx]|curl) /.test(line));
  const inline = Array.from(README.matchAll(/`(tsgi [^`]+)`/g), ([, command = ""]) => command);
  expect(new Set([...typed, ...inline])).toEqual(new Set([...RUN_ELSEWHERE, ...RUN_HERE]));
  for (const command of RUN_HERE) {
    const { status, stdout } = spawnSync(process.execPath, [tsgi, ...command.split(" ").slice(1)], { cwd: folder });
    // 13: something of this machine is to be mended.
    expect([0, 13]).toContain(status);
    expect(stdout.length).toBeGreaterThan(0);
  }
});

/** The files that a page links to, from the project's folder on. */
function linksOf(page: string): string[] {
  const prose = readFileSync(join(ROOT, page), "utf8").replaceAll(/^```[^]*?^```$/gm, "");
  const links = Array.from(prose.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g), ([, link = ""]) => link);
  return links.filter((link) => !link.startsWith("https://")).map((link) => join(dirname(page), link));
}

describe("documentation", () => {
  const docs = readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" }).map((path) => join("docs", path));
  const pages = [...readdirSync(ROOT), ...docs, "bench/README.md"].filter((path) => path.endsWith(".md"));

  test.each(pages)("%s links only to what exists", (page) => {
    expect(linksOf(page).filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  test("leads to every page, from the list of all or from a page in it", () => {
    const listed = linksOf("docs/README.md");
    const found = new Set([...listed, ...listed.filter((path) => path.endsWith(".md")).flatMap(linksOf)]);
    expect(docs.filter((path) => path.endsWith(".md") && !found.has(path))).toEqual([]);
  });

  test.each(["ARCHITECTURE.md", "CONTRIBUTING.md"])("%s names only files that exist", (page) => {
    const text = readFileSync(join(ROOT, page), "utf8");
    // NAME stands for what the reader adds.
    const paths = [...text.matchAll(/`((?!tsgi\/)[\w-]+\/[\w./-]+)`/g)].flatMap(([, path = ""]) =>
      path.includes("NAME") ? [] : [path],
    );
    expect(paths.length).toBeGreaterThan(10);
    expect(paths.filter((path) => !existsSync(join(ROOT, path)) && !existsSync(join(ROOT, "src", path)))).toEqual([]);
  });

  test("ARCHITECTURE.md says what each room holds", () => {
    const text = readFileSync(join(ROOT, "ARCHITECTURE.md"), "utf8");
    const rooms = ["src", "src/server"].flatMap((parent) =>
      readdirSync(join(ROOT, parent), { withFileTypes: true }).filter((entry) => entry.isDirectory()),
    );
    expect(rooms.flatMap(({ name }) => (text.includes(`\n| \`${name}/\` | `) ? [] : [name]))).toEqual([]);
  });

  test.each(["README.md", "CONTRIBUTING.md"])("%s names only commands of npm that exist", (page) => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    const named = [...readFileSync(join(ROOT, page), "utf8").matchAll(/npm (?:run )?(start|test|(?<=run )\w+)/g)];
    expect(named.map(([, name]) => name)).toEqual(expect.arrayContaining(["start", "test"]));
    for (const [, name] of named) expect(scripts).toHaveProperty(name ?? "");
  });
});
