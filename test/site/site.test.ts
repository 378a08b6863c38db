// The site in a browser: what search finds, whether everybody can read it, and how it looks on a telephone. It is the site that
// `npm run build` has made in site/, which takes the better part of a minute of one core: vitest.config.ts leaves this out by default.
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeServer } from "../../src/server/index.ts";
import { staticApp } from "../../src/middleware/static.ts";
import { BROWSERS, program } from "../needs.ts";
import { ROOT } from "../newcomers/newcomer.ts";

const SITE = join(ROOT, ".cache", "site");
const AXE = join(ROOT, "site", "node_modules", "axe-core", "axe.min.js");
/** To look at. */
const PICTURES = join(ROOT, ".cache", "site-pictures");
const browserPath = program(...BROWSERS);

/** What readers look for, with the page that they should find among the first hits. */
const QUERIES: readonly (readonly [query: string, page: string])[] = [
  ["--graceful-timeout", "/docs/settings"],
  ["--max-requests-jitter", "/docs/settings"],
  ["--forwarded-allow-ips", "/docs/settings"],
  ["--control-socket", "/docs/settings"],
  ["--heartbeat-timeout", "/docs/settings"],
  ["--access-logformat", "/docs/settings"],
  ["--python-hooks", "/docs/guests/python"],
  ["--keep-alive", "/docs/settings"],
  ["WEB_CONCURRENCY", "/docs/settings"],
  ["maxWorkerMemory", "/docs/settings"],
  ["limitRequestLine", "/docs/settings"],
  ["lameDuckSeconds", "/docs/settings"],
  ["guestMemoryLimit", "/docs/settings"],
  ["workerConnections", "/docs/settings"],
  ["ERR_TSGI_ADDRESS_IN_USE", "/docs/errors"],
  ["ERR_TSGI_TARGET_NOT_FOUND", "/docs/errors"],
  ["ERR_HTTP_CONTENT_LENGTH", "/docs/errors"],
  ["ERR_TSGI_ENVIRON_METHOD", "/docs/errors"],
  ["tsgi_requests_total", "/docs/metrics"],
  ["tsgi_request_duration_seconds", "/docs/metrics"],
  ["tsgi_workers", "/docs/metrics"],
  ["wsgi.input", "/SPEC"],
  ["wsgi.file_wrapper", "/SPEC"],
  ["SSL_CLIENT_VERIFY", "/docs/environ"],
  ["puma.rb", "/docs/guests/ruby"],
  ["max_age_seconds", "/docs/middleware-content"],
  ["content_security_policy", "/docs/middleware-security"],
  ["filter-with", "/docs/deploy-ini"],
  ["harakiri", "/docs/guests/moving"],
  ["tsgi doctor", "/docs/cli"],
  ["exit codes", "/docs/cli"],
  ["USR2", "/docs/server"],
];

/** Pages of each kind: the first one, a lesson, long tables, generated text, prose. */
const LOOKED_AT = ["/", "/docs/tutorial/2-read-a-request", "/docs/settings", "/docs/errors", "/docs/guests/moving"];
const WIDTHS = [360, 1440];
const SCHEMES = ["light", "dark"] as const;

describe.skipIf(browserPath === undefined)("the site", () => {
  const server = makeServer("127.0.0.1", 0, staticApp({ root: SITE }));
  let browser: Browser;

  beforeAll(async () => {
    if (!existsSync(join(SITE, "index.html"))) throw new Error("The site is not built; run npm run build in site/");
    mkdirSync(PICTURES, { recursive: true });
    await server.listen();
    browser = await chromium.launch({ executablePath: browserPath ?? "", args: ["--no-sandbox", "--disable-gpu"] });
  });

  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  async function open(path: string, width = 1440, colorScheme: "light" | "dark" = "light"): Promise<Page> {
    const context = await browser.newContext({
      viewport: { width, height: 900 },
      colorScheme,
      reducedMotion: "reduce",
    });
    const page = await context.newPage();
    await page.goto(server.url + (path.endsWith("/") ? path : `${path}.html`), { waitUntil: "networkidle" });
    return page;
  }

  test("search finds flags, keys, codes and metrics among the first hits", async () => {
    const page = await open("/");
    await page.click("#local-search button");
    const misses: string[] = [];
    for (const [query, wanted] of QUERIES) {
      await page.fill("#localsearch-input", "");
      await page.locator(".results .result").first().waitFor({ state: "detached" });
      await page.fill("#localsearch-input", query);
      await page.locator(".results .result, .no-results").first().waitFor();
      const hits = await page
        .locator(".results a.result")
        .evaluateAll((links) => links.map((link) => (link as unknown as { pathname: string }).pathname));
      if (!hits.slice(0, 5).some((hit) => hit.replace(/\.html$/, "") === wanted))
        misses.push(`${query}: ${hits.slice(0, 5).join(" ")}`);
    }
    expect(misses).toEqual([]);
    await page.context().close();
  });

  describe.each(WIDTHS)("at %i px", (width) => {
    describe.each(SCHEMES)("%s", (scheme) => {
      test.each(LOOKED_AT)("%s has no findings of axe, and no horizontal scroll", async (path) => {
        const page = await open(path, width, scheme);
        await page.screenshot({ path: join(PICTURES, `${path.replaceAll("/", "_")}-${width}-${scheme}.png`) });
        const widest = await page.evaluate<number>("document.documentElement.scrollWidth");
        await page.addScriptTag({ content: readFileSync(AXE, "utf8") });
        const findings = await page.evaluate(async () => {
          const { axe } = globalThis as unknown as {
            axe: {
              run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }>;
            };
          };
          const { violations } = await axe.run();
          return violations.map(
            ({ id, nodes }) =>
              `${id} (${nodes.length}): ${nodes[0]?.html.slice(0, 200)} ${nodes[0]?.failureSummary.slice(0, 300)}`,
          );
        });
        await page.context().close();
        expect({ widest, findings }).toEqual({ widest: width, findings: [] });
      });
    });
  });

  test("who chooses Python sees Python on the next page too", async () => {
    const page = await open("/docs/tutorial/1-first-application");
    await page.locator('label[data-title="Python"]').first().click();
    const shown = (): Promise<boolean[]> =>
      page
        .locator("label[data-title^=Python]")
        .evaluateAll((labels) =>
          labels.map((label) => (label as unknown as { control: { checked: boolean } }).control.checked),
        );
    await expect.poll(shown).not.toContain(false);
    await page.goto(`${server.url}/docs/tutorial/2-read-a-request.html`, { waitUntil: "networkidle" });
    await expect.poll(shown).not.toContain(false);
    await page.context().close();
  });

  test("llms.txt names every page of the sidebar, and each is there as Markdown", () => {
    const links = [...readFileSync(join(SITE, "llms.txt"), "utf8").matchAll(/\]\((\/[^)]+\.md)\)/g)].map(
      ([, link = ""]) => link,
    );
    expect(links.length).toBeGreaterThan(50);
    expect(links.filter((link) => !existsSync(join(SITE, link)))).toEqual([]);
  });
});
