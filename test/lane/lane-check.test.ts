// `tsgi lane-check`, tried on a guest that keeps the rules and on guests that break one each.
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Project } from "../cli-command.ts";

const GUEST = [
  process.execPath,
  "--import",
  import.meta.resolve("jiti/register"),
  fileURLToPath(new URL("node-guest.ts", import.meta.url)),
];
const NODE = ["--name", "Node", "--language", '{"status":"write"}'];

let project: Project;
beforeEach(() => {
  project = new Project({});
});
afterEach(() => project.remove());

test("every case holds for the Node guest", async () => {
  const { code, stdout } = await project.run(["lane-check", ...NODE, "--", ...GUEST]);
  const lines = stdout.trimEnd().split("\n");
  expect(lines.filter((line) => !line.startsWith("ok      "))).toEqual([
    `${lines.length - 1} of ${lines.length - 1} cases hold`,
  ]);
  expect(lines.length).toBeGreaterThan(10);
  expect(code).toBe(0);
});

test.each([
  ["that never comes to READY", ["/bin/sh", "-c", "exec 3>&-; cat > /dev/null; exit 3"], /^FAILED .*HELLO/m],
  ["that says nothing", ["/bin/cat"], /^FAILED .*HELLO/m],
])("finds a guest %s", async (_, command, fault) => {
  const { code, stdout } = await project.run(["lane-check", "--only", "HELLO", "--", ...command]);
  expect(stdout).toMatch(fault);
  expect(stdout).toMatch(/^0 of 1 cases hold$/m);
  expect(code).toBe(1);
});

test.each([
  [
    ["lane-check", "no-such-program"],
    'Cannot find the program "no-such-program"; expected a path, or a name that PATH leads to',
    11,
  ],
  [["lane-check", "--language", "[1]", "cat"], "Option --language is [1]; expected an object of JSON", 2],
  [["lane-check", "--threads", "none", "cat"], 'Option --threads is "none"; expected a number from 1', 2],
])("%j says what is wrong", async (args, message, expected) => {
  const { code, stderr } = await project.run(args);
  expect(stderr).toContain(message);
  expect(code).toBe(expected);
});
