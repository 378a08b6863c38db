// The site: the Markdown of the project as it is, in the order of learning, doing, looking up and understanding. A link that leads
// nowhere fails the build. Search is local, and nothing is loaded from elsewhere.
import { readFileSync, writeFileSync } from "node:fs";
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
    text: "Do",
    items: [
      page("Move from gunicorn, uWSGI, pserve", "docs/guests/moving"),
      page("Serve Python", "docs/guests/python"),
      page("Compose in INI files", "docs/deploy-ini"),
      page("Behind proxies", "docs/proxies"),
      page("FastCGI, SCGI, uwsgi", "docs/gateways"),
      page("nginx", "docs/deploy/nginx"),
      page("systemd", "docs/deploy/systemd"),
      page("Docker", "docs/deploy/docker"),
      page("Kubernetes", "docs/deploy/kubernetes"),
      page("Heroku", "docs/deploy/heroku"),
      page("App Engine", "docs/deploy/appengine"),
      page("Test", "docs/testing"),
      page("Write middleware", "docs/writing-middleware"),
    ],
  },
  {
    text: "Look up",
    items: [
      page("Settings", "docs/settings"),
      page("Commands and exit codes", "docs/cli"),
      page("Middleware", "docs/middleware"),
      page("Forms", "docs/forms"),
      page("Errors", "docs/errors"),
      page("Logs", "docs/logging"),
      page("Metrics", "docs/metrics"),
      page("TypeScript API", "docs/api"),
      page("The contract", "SPEC"),
      page("Lane protocol", "docs/lane-protocol"),
    ],
  },
  {
    text: "Understand",
    items: [
      page("Processes, reload, shutdown", "docs/server"),
      page("Architecture", "ARCHITECTURE"),
      page("Benchmarks", "bench/README"),
      page("Decisions and all pages", "docs/README"),
    ],
  },
  {
    text: "Project",
    items: [
      page("Changelog", "CHANGELOG"),
      page("Versions", "docs/versioning"),
      page("Security", "SECURITY"),
      page("Contribute", "CONTRIBUTING"),
    ],
  },
];

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
    search: { provider: "local" },
  },
  buildEnd({ outDir }) {
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
