// The page in a real browser, before a store that is served by several workers.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Browser, type BrowserContextOptions, type Locator, type Page } from "playwright-core";
import { serveStore } from "../../apps/jsonstore/test/served-store.ts";

/** A page, and what went wrong in it. */
export interface OpenPage {
  readonly page: Page;
  /** Errors, refused scripts and styles, requests to elsewhere. */
  readonly faults: string[];
  /** Row of a node, by its label as the page shows it. */
  readonly row: (label: string) => Locator;
  /** The value that a row shows. */
  readonly value: (label: string) => Locator;
  /** What the page says last. */
  readonly status: () => Locator;
  /** Answers the form. */
  readonly fill: (fields: {
    readonly name?: string;
    readonly kind?: string;
    readonly content?: string;
  }) => Promise<void>;
}

/** A store, and a browser. */
export interface Stage {
  readonly url: string;
  /** Writes and reads as somebody else. */
  send(method: string, path: string, body?: string): Promise<number>;
  text(path: string): Promise<string>;
  /** Stops the server and starts it again in its place. */
  restart(): Promise<void>;
  open(path: string, options?: BrowserContextOptions): Promise<OpenPage>;
  close(): Promise<void>;
}

/** Patience with a busy machine, in milliseconds. */
const PATIENCE = 60_000;

/** Starts both. */
export async function openStage(executablePath: string): Promise<Stage> {
  const directory = mkdtempSync(join(tmpdir(), "jsonstore-page-"));
  const storeUrl = `sqlite:${join(directory, "store.db")}`;
  let server = await serveStore(storeUrl);
  const browser: Browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  return {
    url: server.url,
    async send(method, path, body) {
      const headers = { "Content-Type": "application/json" };
      const response = await fetch(server.url + path, { method, headers, ...(body !== undefined && { body }) });
      await response.arrayBuffer();
      return response.status;
    },
    async text(path) {
      return await (await fetch(server.url + path)).text();
    },
    async restart() {
      const { port } = new URL(server.url);
      await server.stop();
      server = await serveStore(storeUrl, { port: Number(port) });
    },
    open: async (path, options) => await openPage(browser, server.url, path, options),
    async close() {
      await browser.close();
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function openPage(
  browser: Browser,
  url: string,
  path: string,
  options: BrowserContextOptions = {},
): Promise<OpenPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(String(error.stack ?? error)));
  page.on("console", (message) => {
    // The browser writes a line for each answer above 399, which are part of the API.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      faults.push(message.text());
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(`${url}/`) && !request.url().startsWith("data:"))
      faults.push(`Asks ${request.url()}`);
  });
  page.on("dialog", (dialog) => {
    faults.push(`A dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(url + path);
  const row = (label: string): Locator =>
    page.locator(".row:visible", { has: page.locator(".key", { hasText: exactly(label) }) });
  return {
    page,
    faults,
    row,
    value: (label) => row(label).first().locator(".value"),
    status: () => page.locator("#status"),
    fill: async ({ name, kind, content }) => {
      await page.locator("#editor").waitFor();
      if (name !== undefined) await page.fill("#editor-name", name);
      if (kind !== undefined) await page.selectOption("#editor-kind", kind);
      if (content !== undefined) await page.fill("#editor-content", content);
      await page.click("#editor button.main");
    },
  };
}

function exactly(text: string): RegExp {
  return new RegExp(`^${text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}$`);
}
