// A Rails application as a scaffold makes it, unchanged, in a real browser: forms, redirects, the session, tokens against forged requests.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Command } from "../cli-command.ts";
import { BROWSERS, interpreterWith, program } from "../needs.ts";

const APPLICATION = fileURLToPath(new URL("rails", import.meta.url));
const PATIENCE = 30_000;

const ruby = interpreterWith("ruby", "rails", "active_record", "sqlite3");
const executablePath = program(...BROWSERS);

describe.skipIf(ruby === undefined || executablePath === undefined)("A Rails application", () => {
  const directory = mkdtempSync(join(tmpdir(), "tsgi-rails-"));
  let command: Command;
  let browser: Browser;
  let page: Page;
  let url: string;
  beforeAll(async () => {
    const env = { SECRET_KEY_BASE: "f".repeat(64), DATABASE_URL: `sqlite3:${join(directory, "notes.db")}` };
    const args = ["config.ru", "--bind", "127.0.0.1:0", "--workers", "2", "--threads", "3", "--preload"];
    command = new Command(args, APPLICATION, { env });
    url = `http://127.0.0.1:${await command.port()}`;
    browser = await chromium.launch({
      ...(executablePath !== undefined && { executablePath }),
      args: ["--no-sandbox", "--disable-gpu"],
    });
    page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE);
  });
  afterAll(async () => {
    await browser.close();
    await command.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const notice = (): Promise<string | null> => page.textContent("#notice");

  test("redirects from its root to its list", async () => {
    await page.goto(url);
    expect(page.url()).toBe(`${url}/notes`);
    expect(await page.textContent("ul")).toBe("\n\n");
  });

  test("shows what is wrong with a form, and keeps what is right", async () => {
    await page.click("text=New note");
    await page.click("text=Save");
    expect(await page.textContent(".error")).toBe("Title can't be blank");
    await page.fill("input[type=text]", "Buy milk & <b>bread</b>, träge €");
    await page.click("text=Save");
    expect(await notice()).toBe("The note was created");
    expect(await page.textContent("h1")).toBe("Buy milk & <b>bread</b>, träge €");
    expect(page.url()).toBe(`${url}/notes/1`);
  });

  test("changes it by PATCH, and forgets its notice behind one page", async () => {
    await page.click("text=Edit");
    expect(await notice()).toBe("");
    await page.fill("input[type=text]", "Buy bread");
    await page.click("text=Save");
    expect([await notice(), await page.textContent("h1")]).toEqual(["The note was changed", "Buy bread"]);
  });

  test("counts in a session, whichever worker answers", async () => {
    const before = Number(await page.textContent("#visits"));
    for (let round = 1; round <= 6; round += 1) {
      await page.goto(`${url}/notes`);
      expect(Number(await page.textContent("#visits"))).toBe(before + round);
    }
  });

  test("streams with ActionController::Live, and sends a file", async () => {
    const [titles, source] = await Promise.all([fetch(`${url}/titles`), fetch(`${url}/notes/source`)]);
    expect([titles.headers.get("content-type"), await titles.text()]).toEqual([
      expect.stringContaining("text/event-stream"),
      "data: Buy bread\n\n",
    ]);
    expect(await source.text()).toContain("class NotesController");
  });

  test("refuses a forged form, and another token", async () => {
    for (const token of ["", "&authenticity_token=forged"]) {
      const body = `note[title]=forged${token}`;
      const headers = { "Content-Type": "application/x-www-form-urlencoded" };
      expect((await fetch(`${url}/notes`, { method: "POST", headers, body })).status).toBe(422);
    }
  });

  test("answers 404 and 400 as production does, without a word of what is inside", async () => {
    const missing = await fetch(`${url}/notes/99`);
    expect([missing.status, await missing.text()]).toEqual([404, ""]);
    expect(
      (await fetch(`${url}/notes`, { method: "POST", body: "{", headers: { "Content-Type": "application/json" } }))
        .status,
    ).toBe(400);
  });

  test("removes it by DELETE", async () => {
    await page.click("text=Buy bread");
    await page.click("text=Remove");
    expect([page.url(), await notice()]).toEqual([`${url}/notes`, "The note was removed"]);
    expect(await page.textContent("ul")).toBe("\n\n");
  });

  test("writes its log where that of the server is", () => {
    expect(command.stderr).toMatch(/Started GET "\/notes" for 127\.0\.0\.1/);
  });
});
