// The blog of the examples, as a person uses it in a browser: register, log in, write with a picture, turn pages, change, delete; and as
// somebody who means harm uses it.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeServer, type WSGIServer } from "tsgi/server";
import { TestClient } from "tsgi/testing";
import { makeBlog } from "../../examples/framework/blog/app.ts";
import { BROWSERS, program } from "../needs.ts";

const executablePath = program(...BROWSERS);
/** One red point. */
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==",
  "base64",
);

let directory: string;
let server: WSGIServer;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "tsgi-blog-"));
  server = makeServer("127.0.0.1", 0, await makeBlog(directory, "0123456789abcdef0123456789abcdef"));
  await server.listen();
});
afterAll(async () => {
  await server.close(0);
  rmSync(directory, { recursive: true, force: true });
});

describe.skipIf(executablePath === undefined)("the blog in a browser", () => {
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: executablePath ?? "", args: ["--no-sandbox", "--disable-gpu"] });
    page = await browser.newPage();
    page.setDefaultTimeout(30_000);
  });
  afterAll(() => browser.close());

  const flashed = (): Promise<string | null> => page.textContent(".flash");

  async function fill(fields: Readonly<Record<string, string>>, button: string): Promise<void> {
    for (const [name, value] of Object.entries(fields)) await page.fill(`[name="${name}"]`, value);
    await page.click(`button:text-is("${button}")`);
  }

  it("is for readers until somebody has logged in", async () => {
    await page.goto(`${server.url}/`);
    expect(await page.textContent("body")).toContain("Nobody has written anything yet");
    await page.goto(`${server.url}/new`);
    expect(new URL(page.url()).pathname).toBe("/auth/login");
    expect(await flashed()).toBe("Log in first");
  });

  it("lets a person register and log in, and leads back to what was wanted", async () => {
    await page.goto(`${server.url}/auth/register`);
    await fill({ name: "ada", password: "short" }, "Register");
    expect(await flashed()).toBe("The password needs 8 characters");
    await fill({ name: "ada", password: "analytical" }, "Register");
    expect(await flashed()).toBe("Welcome! Now log in");
    await page.goto(`${server.url}/auth/login?next=/new`);
    await fill({ name: "ada", password: "wrong password" }, "Log in");
    expect(await flashed()).toBe("Name or password is wrong");
    await fill({ name: "ada", password: "analytical" }, "Log in");
    expect(new URL(page.url()).pathname).toBe("/new");
    expect(await flashed()).toBe("Hello ada");
    expect(await page.locator(".flash").count()).toBe(1);
    await page.reload();
    expect(await page.locator(".flash").count()).toBe(0);
  });

  it("takes a post with a picture, and shows what was written as text", async () => {
    await page.goto(`${server.url}/new`);
    await page.setInputFiles('[name="picture"]', { name: "../../evil.png", mimeType: "image/png", buffer: PNG });
    await fill({ title: "<script>alert(1)</script>", body: "First & second.\n\n<b>Third</b>" }, "Save");
    expect(await flashed()).toBe("Your post is published");
    expect(await page.textContent("h1")).toBe("<script>alert(1)</script>");
    expect(await page.locator("h1 script").count()).toBe(0);
    expect(await page.textContent("body")).toContain("<b>Third</b>");
    const width = await page.evaluate<number>(`(async () => {
      const image = document.querySelector("img");
      await image.decode();
      return image.naturalWidth;
    })()`);
    expect(width).toBe(1);
    expect(readdirSync(join(directory, "pictures"))).toEqual([expect.stringMatching(/^[\da-f-]{36}\.png$/)]);
  });

  it("turns pages", async () => {
    for (let count = 2; count <= 6; count += 1) {
      await page.goto(`${server.url}/new`);
      await fill({ title: `Post ${count}`, body: "" }, "Save");
    }
    await page.goto(`${server.url}/`);
    expect(await page.locator("article h2").allTextContents()).toEqual([6, 5, 4, 3, 2].map((count) => `Post ${count}`));
    await page.click("text=Older");
    expect(await page.locator("article h2").allTextContents()).toEqual(["<script>alert(1)</script>"]);
    expect(await page.textContent(".pages")).toContain("Page 2 of 2");
    expect((await page.goto(`${server.url}/?page=3`))?.status()).toBe(404);
    expect(await page.textContent("h1")).toBe("Not Found");
  });

  it("lets the author change and delete, and log out", async () => {
    await page.goto(`${server.url}/posts/1/edit`);
    await fill({ title: "Quiet" }, "Save");
    expect(await page.textContent("h1")).toBe("Quiet");
    await page.click('a:text-is("Edit")');
    await page.click('button:text-is("Delete")');
    expect(await flashed()).toBe("Your post is gone");
    expect(readdirSync(join(directory, "pictures"))).toEqual([]);
    expect((await page.goto(`${server.url}/posts/1`))?.status()).toBe(404);
    await page.goto(`${server.url}/`);
    await page.click('button:text-is("Log out")');
    expect(await page.textContent("nav")).toContain("Register");
  });
});

describe("the blog and those who mean harm", () => {
  const token = (text: string): string => /name="csrf_token" value="([^"]+)"/.exec(text)?.[1] ?? "";

  async function loggedIn(name: string): Promise<TestClient> {
    const client = new TestClient(server.url);
    const form = { name, password: "a long password" };
    for (const path of ["/auth/register", "/auth/login"]) {
      const page = await client.get(path);
      const response = await client.post(path, { form: { ...form, csrf_token: token(page.text()) } });
      expect(response.status).toBe(303);
    }
    return client;
  }

  it("refuses a form without a token, and one that another site has sent", async () => {
    const client = await loggedIn("grace");
    const csrfToken = token((await client.get("/new")).text());
    expect((await client.post("/new", { form: { title: "x" } })).status).toBe(403);
    const headers = { "Sec-Fetch-Site": "cross-site" };
    expect((await client.post("/new", { form: { title: "x", csrf_token: csrfToken }, headers })).status).toBe(403);
    const files = { picture: { filename: "x.svg", content: "<svg/>", type: "image/svg+xml" } };
    expect((await client.post("/new", { form: { csrf_token: csrfToken, title: "x" }, files })).status).toBe(415);
  });

  it("lets nobody change what somebody else wrote, or read other files", async () => {
    const author = await loggedIn("author");
    const written = await author.post("/new", {
      form: { title: "Mine", body: "", csrf_token: token((await author.get("/new")).text()) },
    });
    const address = written.headers.get("Location") ?? "";
    const other = await loggedIn("other");
    expect((await other.get(`${address}/edit`)).status).toBe(403);
    expect((await other.get("/pictures/..%2Fblog.db")).status).toBe(404);
    expect((await other.get("/static/..%2Fapp.ts")).status).toBe(404);
  });

  it("sends nobody to another site after the log-in", async () => {
    const client = new TestClient(server.url);
    const page = await client.get("/auth/login");
    const form = { name: "grace", password: "a long password", csrf_token: token(page.text()) };
    const response = await client.post("/auth/login?next=//evil.test/", { form });
    expect([response.status, response.headers.get("Location")]).toEqual([303, "/"]);
  });
});
