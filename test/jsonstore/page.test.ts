// The page as a person uses it: look at a document of any size, change it, see what others change; with exact texts, also of strangers
// who mean harm.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { BROWSERS, program } from "../needs.ts";
import { openStage, type OpenPage, type Stage } from "./page-in-browser.ts";

const executablePath = program(...BROWSERS);
const MOST_BYTES = 60 * 1024;
const ELEMENTS = 1_000_000;
const MEMBERS = 3000;

const NAMED = Array.from(
  { length: MEMBERS },
  (_, index) => `"user${String(index).padStart(4, "0")}":{"rank":${index}}`,
);
const DOCUMENT = [
  `{"series":[${Array.from({ length: ELEMENTS }, (_, index) => index).join(",")}]`,
  `"users":{${NAMED.join(",")}}`,
  `"people":[{"name":"fred"},{"name":"irma"},{"name":"wobble"}]`,
  String.raw`"exact":{"precise":1.0,"huge":123456789012345678901234567890,"beyond":1e400,"spelled":"\u0041b","2":"b","1":"a"}`,
  `"hostile":{"<img src=x onerror=alert(1)>":"</span><script>alert(1)</script>","__proto__":{"x":1},"":"empty","..":"dots","a/b":{"~":1},"//evil.test":{"x":"y"}}`,
  `"text":"plain","yes":true,"nothing":null}`,
].join(",");

describe.skipIf(executablePath === undefined)("the page", () => {
  let stage: Stage;
  let opened: OpenPage | undefined;
  beforeAll(async () => {
    stage = await openStage(executablePath ?? "");
    await stage.send("PUT", "/", DOCUMENT);
  });
  afterAll(() => stage.close());
  afterEach(async () => {
    const { page, faults } = opened ?? { faults: [] };
    opened = undefined;
    await page?.context().close();
    if (faults.length > 0) throw new Error(`The page has faults: ${faults.join("; ")}`);
  });

  async function open(path: string, options?: Parameters<Stage["open"]>[1]): Promise<OpenPage> {
    opened = await stage.open(path, options);
    return opened;
  }

  test("shows the first tree after four requests, of 60 KB of page together", async () => {
    const { page, row } = await open("/");
    await row("series").waitFor();
    const entries = await page.evaluate<[string, number][]>(
      `performance.getEntries().filter(({ entryType }) => ["navigation", "resource"].includes(entryType))
        .map(({ name, decodedBodySize }) => [name, decodedBodySize])`,
    );
    // After them come the children, and the stream of changes.
    const files = entries.slice(0, 3);
    expect(files.map(([name]) => name.slice(stage.url.length))).toEqual(["/", "/?asset=page.css", "/?asset=page.js"]);
    expect(files.reduce((sum, [, bytes]) => sum + bytes, 0)).toBeLessThan(MOST_BYTES);
    expect(await page.locator(".row:visible .key").allTextContents()).toEqual([
      "document",
      "series",
      "users",
      "people",
      "exact",
      "hostile",
      "text",
      "yes",
      "nothing",
    ]);
  });

  test("scrolls a level of a million elements with few rows, and jumps in it", async () => {
    const { page, row, value, fill } = await open("/series");
    await value("0").waitFor();
    await page.keyboard.press("g");
    await fill({ name: "500,000" });
    await expect.poll(() => value("500000").textContent()).toBe("500000");
    expect(await row("500000").getAttribute("aria-selected")).toBe("true");
    await page.keyboard.press("End");
    await expect.poll(() => value("999999").textContent()).toBe("999999");
    await page.hover("#tree");
    await page.mouse.wheel(0, -28 * 30);
    await expect.poll(() => value("999960").isVisible()).toBe(true);
    await page.evaluate("scroller.scrollTop = (scroller.scrollHeight - scroller.clientHeight) / 4");
    await expect.poll(() => page.locator(".row:visible .value").first().textContent()).toMatch(/^2(?:49|50)\d{3}$/);
    await page.keyboard.press("Home");
    await expect.poll(() => value("0").textContent()).toBe("0");
    expect(await page.locator(".row").count()).toBeLessThan(100);
  });

  test("scrolls the members of a large object, filters them, and finds one by its path", async () => {
    const { page, row, value, fill } = await open("/users");
    await row("user0000").waitFor();
    await page.keyboard.press("End");
    await row("user2999").waitFor();
    await page.evaluate("scroller.scrollTop = scroller.scrollHeight / 2");
    await row("user1500").waitFor();
    await page.focus("#tree");
    await page.keyboard.press("Home");
    await page.keyboard.press("f");
    await fill({ name: "user12" });
    await row("user1299").or(row("user1210")).first().waitFor();
    await page.keyboard.press("End");
    await row("user1299").waitFor();
    await page.fill("#search-field", "/users/user2345/rank");
    await page.keyboard.press("Enter");
    await expect.poll(() => value("rank").textContent()).toBe("2345");
    expect(await row("rank").getAttribute("aria-selected")).toBe("true");
  });

  test("changes exactly what is changed: other texts keep their spelling", async () => {
    const { page, row, value, fill } = await open("/exact");
    const before = await stage.text("/exact");
    expect(await value("huge").textContent()).toBe("123456789012345678901234567890");
    expect(await value("spelled").textContent()).toBe(String.raw`"\u0041b"`);
    await row("huge").dblclick();
    await fill({ content: "12345678901234567890123456789.50" });
    await expect.poll(() => value("huge").textContent()).toBe("12345678901234567890123456789.50");
    await row("exact").click();
    await page.click('[data-command="edit"]');
    await page.locator("#editor").waitFor();
    await page.fill("#editor-content", (await page.inputValue("#editor-content")).replace("1e400", "1E+400"));
    await fill({});
    await expect.poll(() => value("beyond").textContent()).toBe("1E+400");
    const after = before.replace("123456789012345678901234567890", "12345678901234567890123456789.50");
    expect(await stage.text("/exact")).toBe(after.replace("1e400", "1E+400"));
    await page.keyboard.press("Control+z");
    await expect.poll(() => value("beyond").textContent()).toBe("1e400");
    await page.keyboard.press("Control+z");
    await expect.poll(() => stage.text("/exact")).toBe(before);
  });

  test("says where a text is no JSON, and changes nothing until it is", async () => {
    const { page, row, fill, value } = await open("/");
    await row("text").dblclick();
    await page.selectOption("#editor-kind", "json");
    await page.fill("#editor-content", '{"a": 1,\n "a": 2}');
    expect(await page.textContent("#editor-fault")).toBe('Line 2, column 2: The key "a" is there twice in one object');
    await page.click("#editor button.main");
    expect(await stage.text("/text")).toBe('"plain"');
    await fill({ kind: "number", content: "01" });
    expect(await page.textContent("#editor-fault")).toContain("Expected a number");
    await fill({ kind: "true" });
    await expect.poll(() => value("text").textContent()).toBe("true");
    await page.keyboard.press("Control+z");
    await expect.poll(() => stage.text("/text")).toBe('"plain"');
  });

  test("adds, renames, moves and deletes, and takes all of it back", async () => {
    const { page, row, value, fill, status } = await open("/");
    const before = [await stage.text("/people"), await stage.text("/hostile")];
    await row("people").locator(".twist").click();
    await row("1").and(page.locator('[aria-expanded="false"]')).click();
    await page.keyboard.press("Alt+ArrowUp");
    await expect.poll(() => stage.text("/people")).toBe('[{"name":"irma"},{"name":"fred"},{"name":"wobble"}]');
    await expect.poll(() => row("0").getAttribute("aria-selected")).toBe("true");
    await page.keyboard.press("Insert");
    await fill({ name: "dora", content: "7", kind: "number" });
    await expect.poll(() => stage.text("/people/0")).toBe('{"name":"irma","dora":7}');
    await row("people").click();
    await page.keyboard.press("Insert");
    await fill({ name: "1", kind: "json", content: "[1, 2.50]" });
    await expect.poll(() => stage.text("/people/1")).toBe("[1,2.50]");
    // What is below has moved then.
    await expect.poll(() => value("people").textContent()).toBe("[ 4 elements ]");
    await row("3").waitFor();
    await row("hostile").locator(".twist").click();
    await row("__proto__").click();
    await page.keyboard.press("F2");
    await fill({ name: "constructor" });
    await expect.poll(() => stage.text("/hostile")).toBe(before[1]?.replace("__proto__", "constructor"));
    await page.keyboard.press("F2");
    await fill({ name: ".." });
    await expect.poll(() => page.textContent("#editor-fault")).toBe('There is a member ".." already');
    await page.keyboard.press("Escape");
    await row('""').click();
    await page.keyboard.press("Delete");
    await expect.poll(() => status().textContent()).toContain("Deleted");
    expect(await stage.text("/hostile")).not.toContain('"empty"');
    await row("users").click();
    await page.keyboard.press("Delete");
    await expect.poll(() => row("users").count()).toBe(0);
    for (let steps = 0; steps < 6; steps += 1) {
      const label = await status().textContent();
      await page.keyboard.press("Control+z");
      await expect.poll(() => status().textContent()).not.toBe(label);
      expect(await status().textContent()).toContain("Taken back");
    }
    expect([await stage.text("/people"), await stage.text("/hostile")]).toEqual(before);
    expect(await stage.text("/")).toBe(DOCUMENT);
    expect(await value("users").textContent()).toBe("{ 3,000 members }");
  });

  test("shows both values when somebody else was first", async () => {
    const { page, row, fill, value } = await open("/");
    for (const [decision, stored] of [
      ["theirs", '"others"'],
      ["mine", '"mine"'],
    ] as const) {
      await stage.send("PUT", "/text", '"plain"');
      await expect.poll(() => value("text").textContent()).toBe('"plain"');
      await row("text").dblclick();
      await page.locator("#editor").waitFor();
      await stage.send("PUT", "/text", '"others"');
      await fill({ content: "mine" });
      await page.locator("#conflict").waitFor();
      expect(await page.textContent("#conflict-mine")).toBe('"mine"');
      expect(await page.textContent("#conflict-theirs")).toBe('"others"');
      await page.click(`#conflict [value="${decision}"]`);
      await expect.poll(() => value("text").textContent()).toBe(stored);
      expect(await stage.text("/text")).toBe(stored);
    }
    await stage.send("PUT", "/text", '"plain"');
  });

  test("shows what others change, where it is now, and goes on after the server has stopped", async () => {
    const { page, row, value, status } = await open("/");
    await page.locator('#live[data-state="on"]').waitFor();
    await row("people").locator(".twist").click();
    await row("1").and(page.locator('[aria-expanded="false"]')).locator(".twist").click();
    await value("name").waitFor();
    await stage.send("PUT", "/people/1/name", '"Irma"');
    await expect.poll(() => value("name").textContent()).toBe('"Irma"');
    expect(await status().textContent()).toBe("Others have changed /people/1/name");
    await row("name").and(page.locator(".changed")).waitFor();
    await row("people").and(page.locator(".changed")).waitFor();
    await stage.send("POST", "/people?at=0", '{"name":"new"}');
    await expect.poll(() => value("people").textContent()).toBe("[ 4 elements ]");
    await row("2").and(page.locator('[aria-expanded="true"]')).waitFor();
    expect(await value("name").textContent()).toBe('"Irma"');
    await page.locator(".changed").first().waitFor({ state: "detached" });
    await stage.restart();
    await page.locator('#live[data-state="on"]').waitFor();
    await stage.send("DELETE", "/people/0");
    await expect.poll(() => value("people").textContent()).toBe("[ 3 elements ]");
    await row("1").and(page.locator('[aria-expanded="true"]')).waitFor();
    await stage.send("PUT", "/people", '[{"name":"fred"},{"name":"irma"},{"name":"wobble"}]');
    await expect.poll(() => value("name").textContent()).toBe('"irma"');
  });

  test("never writes into an element that has moved", async () => {
    const { page, row, fill } = await open("/people");
    await row("1").click();
    await page.keyboard.press("Enter");
    await row("name").dblclick();
    await page.locator("#editor").waitFor();
    // The same name in its place: the tag of the name alone would not tell.
    await stage.send("PUT", "/people", '[{"name":"new"},{"name":"irma","age":1},{"name":"irma"}]');
    await fill({ content: "irma the second" });
    await page.locator("#conflict").waitFor();
    await page.click('#conflict [value="theirs"]');
    expect(await stage.text("/people")).toBe('[{"name":"new"},{"name":"irma","age":1},{"name":"irma"}]');
    await stage.send("PUT", "/people", '[{"name":"fred"},{"name":"irma"},{"name":"wobble"}]');
  });

  test("takes keys and values of strangers as text", async () => {
    const { page, row, value } = await open("/hostile");
    await row("<img src=x onerror=alert(1)>").waitFor();
    expect(await value("<img src=x onerror=alert(1)>").textContent()).toBe('"</span><script>alert(1)</script>"');
    expect(await page.locator("main img, main script").count()).toBe(0);
    await row("//evil.test").locator(".twist").click();
    expect(await value("x").textContent()).toBe('"y"');
    await row("//evil.test").click();
    await page.keyboard.press("o");
    await expect.poll(() => value("x").textContent()).toBe('"y"');
    expect(new URL(page.url()).host).toBe(new URL(stage.url).host);
    await page.keyboard.press("Backspace");
    await row("..").click();
    await page.keyboard.press("o");
    await expect.poll(() => value("..").textContent()).toBe('"dots"');
    await page.reload();
    await expect.poll(() => value("..").textContent()).toBe('"dots"');
    await page.goBack();
    await row("a/b").waitFor();
  });

  test("is used by the keyboard alone, as a tree", async () => {
    const { page, row, value } = await open("/");
    await row("text").waitFor();
    const selected = page.locator('[aria-selected="true"]');
    const press = async (...keys: string[]): Promise<void> => {
      for (const key of keys) await page.keyboard.press(key);
    };
    await expect.poll(() => page.evaluate("document.activeElement.id")).toBe("tree");
    await press("ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight");
    await row("people").and(page.locator('[aria-expanded="true"]')).waitFor();
    await row("0").and(page.locator('[aria-expanded="false"]')).waitFor();
    await press("ArrowRight", "ArrowRight");
    await row("name").waitFor();
    await press("ArrowRight");
    await expect.poll(() => selected.locator(".key").textContent()).toBe("name");
    await expect.poll(() => selected.getAttribute("aria-level")).toBe("4");
    expect(await page.getAttribute("#tree", "aria-activedescendant")).toBe(await selected.getAttribute("id"));
    await press("Enter");
    await page.locator("#editor").waitFor();
    await expect.poll(() => page.evaluate("document.activeElement.id")).toBe("editor-content");
    await press("Control+a");
    await page.keyboard.type("fredericka");
    await press("Enter");
    await expect.poll(() => value("name").textContent()).toBe('"fredericka"');
    await expect.poll(() => page.evaluate("document.activeElement.id")).toBe("tree");
    await press("Control+z");
    await expect.poll(() => value("name").textContent()).toBe('"fred"');
    await press("ArrowLeft");
    await expect.poll(() => selected.locator(".key").textContent()).toBe("0");
    await press("/");
    await page.keyboard.type("/exact/2");
    await press("Enter");
    await expect.poll(() => selected.locator(".key").textContent()).toBe("2");
    await press("?");
    await page.locator("#help").waitFor();
    await press("Escape");
    await expect.poll(() => page.evaluate("document.activeElement.id")).toBe("tree");
  });

  test.each([
    ["narrow", "light", 360],
    ["wide", "dark", 1200],
  ] as const)("has room for everything when it is %s and %s", async (_, colorScheme, width) => {
    const { page, row } = await open("/people", { colorScheme, viewport: { width, height: 640 } });
    await row("0").click();
    await page.keyboard.press("Insert");
    await page.locator("#editor").waitFor();
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
    const box = await page.locator("#editor button.main").boundingBox();
    expect((box?.x ?? -1) + (box?.width ?? 0)).toBeLessThanOrEqual(width);
    const ground = await page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
    expect(ground).toBe(colorScheme === "dark" ? "rgb(20, 23, 27)" : "rgb(255, 255, 255)");
  });
});
