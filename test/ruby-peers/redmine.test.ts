// Redmine of Debian's packages `redmine` and `redmine-sqlite`, unchanged, with a real browser: somebody signs in, makes a project and an issue
// with a file, and signs out. To install them takes longer than all that is tried here, so it is done only where TSGI_TEST_RUBY_PEERS=1 asks.
import { randomBytes } from "node:crypto";
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Command } from "../cli-command.ts";
import { BROWSERS, program } from "../needs.ts";

const REDMINE = "/usr/share/redmine";
/** What the package has made: nobody but its administrator, whose password is to be changed. */
const DATABASE = "/var/lib/dbconfig-common/sqlite3/redmine/instances/default/redmine_default";
const PASSWORD = "correct horse battery";
const PATIENCE = 30_000;
const executablePath = program(...BROWSERS);

describe.skipIf(!existsSync(DATABASE) || executablePath === undefined)("Redmine", () => {
  const directory = mkdtempSync(join(tmpdir(), "tsgi-redmine-"));
  const upload = randomBytes(3_000_000);
  let command: Command;
  let browser: Browser;
  let page: Page;
  let url: string;
  beforeAll(async () => {
    const database = join(directory, "redmine.db");
    copyFileSync(DATABASE, database);
    const env = { DATABASE_URL: `sqlite3:${database}`, RAILS_SERVE_STATIC_FILES: "1" };
    command = new Command(["config.ru", "--bind", "127.0.0.1:0", "--threads", "3"], REDMINE, { env });
    url = `http://127.0.0.1:${await command.port()}`;
    browser = await chromium.launch({
      ...(executablePath !== undefined && { executablePath }),
      args: ["--no-sandbox", "--disable-gpu"],
    });
    page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE);
  }, PATIENCE);
  afterAll(async () => {
    await browser.close();
    await command.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const notice = (): Promise<string | null> => page.textContent("#flash_notice");

  test("sends a page with its styles, scripts and pictures", async () => {
    const failed: string[] = [];
    page.on("response", (response) => response.status() >= 400 && failed.push(response.url()));
    await page.goto(url);
    expect(await page.title()).toBe("Redmine");
    // Its styles count: without them, the whole window would be white.
    expect(await page.evaluate("getComputedStyle(document.querySelector('#header')).backgroundColor")).toBe(
      "rgb(98, 141, 182)",
    );
    expect(failed).toEqual([]);
    const style = await fetch(`${url}/stylesheets/application.css`);
    expect([style.status, style.headers.get("content-type")]).toEqual([200, "text/css"]);
  });

  test("refuses a forged form and a wrong password", async () => {
    const body = new URLSearchParams({ username: "admin", password: "admin" });
    expect((await fetch(`${url}/login`, { method: "POST", body })).status).toBe(422);
    await page.goto(`${url}/login`);
    await page.fill("#username", "admin");
    await page.fill("#password", "wrong");
    await page.click("#login-submit");
    expect(await page.textContent("#flash_error")).toBe("Invalid user or password");
  });

  test("lets its administrator in, who has to choose a password", async () => {
    await page.fill("#username", "admin");
    await page.fill("#password", "admin");
    await page.click("#login-submit");
    expect(new URL(page.url()).pathname).toBe("/my/password");
    await page.fill("#password", "admin");
    await page.fill("#new_password", PASSWORD);
    await page.fill("#new_password_confirmation", PASSWORD);
    await page.click("input[type=submit][name=commit]");
    expect(await notice()).toBe("Password was successfully updated.");
    expect(await page.textContent("#loggedas")).toContain("admin");
  });

  test("makes a project", async () => {
    await page.goto(`${url}/projects/new`);
    await page.fill("#project_name", "Träge & <b>Co</b> €");
    await page.fill("#project_identifier", "traege");
    await page.click("input[type=submit][name=commit]");
    expect(await notice()).toBe("Successful creation.");
    expect(await page.inputValue("#project_name")).toBe("Träge & <b>Co</b> €");
  });

  test("makes an issue with a file, which is sent by a script and comes back as it was", async () => {
    await page.goto(`${url}/projects/traege/issues/new`);
    await page.fill("#issue_subject", "The first issue");
    await page.setInputFiles("input[type=file].file_selector", {
      name: "größe.bin",
      mimeType: "application/octet-stream",
      buffer: upload,
    });
    await page.waitForSelector(".attachments_fields .icon-del");
    await page.click("#issue-form input[type=submit][name=commit]");
    expect(await notice()).toMatch(/^Issue #1 created/);
    const href = await page.getAttribute(".attachments a.icon-download", "href");
    const cookie = (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
    const response = await fetch(`${url}${href ?? ""}`, { headers: { cookie } });
    expect(response.headers.get("content-disposition")).toContain("gr%C3%B6%C3%9Fe.bin");
    expect(Buffer.from(await response.arrayBuffer()).equals(upload)).toBe(true);
  });

  test("shows it as CSV, as PDF and as Atom", async () => {
    const cookie = (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
    for (const [suffix, type] of [
      ["/issues.csv", "text/csv"],
      ["/issues.pdf", "application/pdf"],
      ["/projects/traege/activity.atom", "application/atom+xml"],
    ]) {
      const response = await fetch(`${url}${suffix ?? ""}`, { headers: { cookie } });
      expect([response.status, response.headers.get("content-type")]).toEqual([
        200,
        expect.stringContaining(type ?? ""),
      ]);
      expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(100);
    }
  });

  test("removes the issue with its file, and signs out", async () => {
    await page.goto(`${url}/issues/1`);
    page.once("dialog", (dialog) => void dialog.accept());
    await page.click("#content .contextual .drdn-trigger >> nth=0");
    await page.click("#content .contextual .icon-del >> nth=0");
    await page.waitForURL(/\/projects\/traege\/issues|\/issues$/);
    await page.click("a.logout");
    expect(await page.locator("a.login").count()).toBe(1);
    expect((await fetch(`${url}/my/page`, { redirect: "manual" })).status).toBe(302);
  });
});
