// The examples in Python, served by the real command and asked as their page says.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Command } from "../cli-command.ts";
import { send } from "./serve-python.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PAGE = readFileSync(`${ROOT}examples/python/README.md`, "utf8");

/** What each target of the page answers, by path. */
const ANSWERS: Readonly<Record<string, readonly [path: string, text: string][]>> = {
  "two_urls.py": [
    ["/", "Index, seen 1 times\n"],
    ["/Zo%C3%AB", "Hello, Zoë!\n"],
    ["/", "Index, seen 3 times\n"],
  ],
  "answers.py:function": [["/", "from a function\n"]],
  "answers.py:Answer": [["/", "from a class\n"]],
  "answers.py:instance": [["/", "hello from an instance\n"]],
  'answers.py:Service("hi")': [["/", "hi from an instance\n"]],
};

test("the page names these targets", () => {
  const named = [...PAGE.matchAll(/npx tsgi '?examples\/python\/([^'`\s]+)/g)].map(([, target]) => target);
  expect(named).toEqual(Object.keys(ANSWERS));
});

test.each(Object.entries(ANSWERS))("%s", async (target, answers) => {
  const command = new Command([`examples/python/${target}`, "-b", "127.0.0.1:0"], ROOT, {});
  const port = await command.port();
  for (const [path, text] of answers) expect((await send(port, path)).text).toBe(text);
  expect((await command.stop()).code).toBe(0);
});
