// The site: the Markdown of the project as it is, in the order of learning, doing, looking up and understanding. A link that leads
// nowhere fails the build. Search is local, and nothing is loaded from elsewhere.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const DESCRIPTION = "WSGI for TypeScript, and a server for Python and TypeScript";

interface Page {
  readonly text: string;
  readonly link: string;
}

const page = (text: string, path: string): Page => ({ text, link: `/${path}` });

/** The pages of a folder, by their headings. */
function pagesOf(folder: string): Page[] {
  const names = readdirSync(join(ROOT, folder)).filter((name) => name.endsWith(".md") && name !== "README.md");
  return names.toSorted().map((name) => {
    const [, heading = name] = /^# (.*)/m.exec(readFileSync(join(ROOT, folder, name), "utf8")) ?? [];
    return page(heading.replaceAll("`", ""), `${folder}/${name.replace(/\.md$/, "")}`);
  });
}

const PLATFORMS = pagesOf("docs/deploy");
const DECISIONS = pagesOf("docs/decisions");

/** In the order of learning, doing, looking up and understanding. A page that is missing here fails the build. */
const SIDEBAR = [
  {
    text: "Learn",
    items: [
      page("Start", "README"),
      page("Tutorial", "docs/tutorial/README"),
      page("1. A first application", "docs/tutorial/1-first-application"),
      page("2. Read a request", "docs/tutorial/2-read-a-request"),
      page("3. Middleware", "docs/tutorial/3-middleware"),
      page("4. The other language", "docs/tutorial/4-other-language"),
      page("5. A pipeline", "docs/tutorial/5-pipeline"),
      page("6. Test it", "docs/tutorial/6-test"),
      page("7. Deploy it", "docs/tutorial/7-deploy"),
      page("A tour", "docs/tour"),
      page("A framework", "docs/framework"),
    ],
  },
  {
    text: "Move",
    items: [
      page("From gunicorn, uWSGI, pserve", "docs/guests/moving"),
      page("From waitress", "docs/how-to/from-waitress"),
      page("From Express", "docs/how-to/from-express"),
    ],
  },
  {
    text: "Serve",
    items: [
      page("Python", "docs/guests/python"),
      page("Hono, Express, JSGI", "docs/guests/javascript"),
      page("Perl (PSGI)", "docs/guests/perl"),
      page("Ruby (Rack)", "docs/guests/ruby"),
      page("PHP (FastCGI)", "docs/guests/fastcgi"),
      page("Your language", "docs/guests/your-language"),
      page("CGI programs, git", "docs/guests/cgi"),
      page("uWSGI and SCGI servers", "docs/guests/uwsgi"),
      page("HTTP servers", "docs/guests/proxy"),
      page("Compose in INI files", "docs/deploy-ini"),
      page("JSONStore", "docs/jsonstore"),
      page("JSONStore in a browser", "docs/jsonstore-page"),
    ],
  },
  {
    text: "Deploy",
    items: [
      page("All platforms", "docs/deploy/README"),
      ...PLATFORMS,
      page("Behind proxies", "docs/proxies"),
      page("FastCGI, SCGI, uwsgi, CGI", "docs/gateways"),
    ],
  },
  {
    text: "Operate",
    items: [
      page("Deploy without downtime", "docs/how-to/zero-downtime"),
      page("Slow requests", "docs/how-to/slow-requests"),
      page("Background work", "docs/how-to/background-threads"),
      page("Logs of Python", "docs/how-to/logs-of-python"),
      page("Logs", "docs/logging"),
      page("Metrics", "docs/metrics"),
    ],
  },
  {
    text: "Look up",
    items: [
      page("Settings", "docs/settings"),
      page("Commands and exit codes", "docs/cli"),
      page("Errors", "docs/errors"),
      page("Middleware", "docs/middleware"),
      page("Routing", "docs/middleware-routing"),
      page("Security", "docs/middleware-security"),
      page("Content", "docs/middleware-content"),
      page("Observability", "docs/middleware-seeing"),
      page("Forms", "docs/forms"),
      page("TypeScript API", "docs/api"),
      page("The contract", "SPEC"),
      page("Keys of the environ", "docs/environ"),
      page("Guests and gateways", "docs/matrix"),
      page("Lane protocol", "docs/lane-protocol"),
    ],
  },
  {
    text: "Write",
    items: [page("Tests", "docs/testing"), page("Middleware of your own", "docs/writing-middleware")],
  },
  {
    text: "Understand",
    items: [
      page("Processes, reload, shutdown", "docs/server"),
      page("Architecture", "ARCHITECTURE"),
      page("Benchmarks", "bench/README"),
      page("All pages", "docs/README"),
      ...DECISIONS,
    ],
  },
  {
    text: "Project",
    items: [
      page("Changes", "CHANGELOG"),
      page("Versions", "docs/versioning"),
      page("Security policy", "SECURITY"),
      page("Contribute", "CONTRIBUTING"),
    ],
  },
].map((group) => ({ ...group, collapsed: group.text !== "Learn" }));

/** Pages of the project that stand in no sidebar: each would be found by search only. */
function strayPages(): string[] {
  const listed = new Set(SIDEBAR.flatMap(({ items }) => items.map(({ link }) => `${link.slice(1)}.md`)));
  return readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
    .map((path) => `docs/${path}`)
    .filter((path) => path.endsWith(".md") && !listed.has(path));
}

/**
 * Words for the search: a flag, a key or a metric is a word, and each of its parts is one. It is sent to the browser as text, so it uses
 * nothing from outside.
 */
function tokenize(text: string): string[] {
  const words = text.split(/[\s"'`()[\]{}<>,;:|=/]+/u).map((word) => word.replaceAll(/^\p{P}+|\p{P}+$/gu, ""));
  const parts = words.flatMap((word) => word.split(/\p{P}+/u));
  return [...new Set([...words, ...parts])].filter((word) => word !== "");
}

export default defineConfig({
  title: "TSGI",
  description: DESCRIPTION,
  lang: "en",
  srcDir: "pages",
  outDir: join(ROOT, ".cache", "site"),
  cacheDir: join(ROOT, ".cache", "site-cache"),
  rewrites: { "site/home.md": "index.md" },
  // Files of the repository that are no pages: sources, examples, the licence.
  ignoreDeadLinks: [/\/examples(?:\/|$)/, /\/LICENSE$/, /\.(?:ts|mjs|js|py|json)$/, /\/(?:apps|src|test)\//],
  markdown: { theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" } },
  themeConfig: {
    sidebar: SIDEBAR,
    outline: [2, 3],
    nav: [
      page("Tutorial", "docs/tutorial/README"),
      page("Move", "docs/guests/moving"),
      page("Deploy", "docs/deploy/README"),
      page("Settings", "docs/settings"),
    ],
    search: { provider: "local", options: { miniSearch: { options: { tokenize } } } },
  },
  buildEnd({ outDir }) {
    const stray = strayPages();
    if (stray.length > 0) throw new Error(`No sidebar has ${stray.join(", ")}: add them in site/.vitepress/config.ts`);
    const pages = SIDEBAR.flatMap(({ items }) => items.map(({ link }) => `${link}.md`));
    const texts = pages.map((path) => readFileSync(join(ROOT, path), "utf8"));
    // For programs that read: each page as it was written, beside it as HTML.
    for (const [index, path] of pages.entries()) writeFileSync(join(outDir, path), texts[index] ?? "");
    const lists = SIDEBAR.flatMap(({ text, items }) => [
      `\n## ${text}\n`,
      ...items.map((item) => `- [${item.text}](${item.link}.md)`),
    ]);
    writeFileSync(join(outDir, "llms.txt"), `# TSGI\n\n> ${DESCRIPTION}\n${lists.join("\n")}\n`);
    writeFileSync(join(outDir, "llms-full.txt"), texts.join("\n\n"));
  },
});
