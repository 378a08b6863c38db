// What one load shares: each file is read once, each warning told once, and references end.
import { expect, test } from "vitest";
import type { DeployWarning } from "./context.ts";
import { LoadSession, MAX_REFERENCES } from "./load-session.ts";
import { Project } from "../../test/deploy/project.ts";

const project = new Project({ "a.ini": "[app:a]\n" });

test("a file is read once, and its sections are put in order once", () => {
  const session = new LoadSession();
  const file = session.readFile(project.path("a.ini"), {});
  project.write("a.ini", "[app:b]\n");
  expect(session.readFile(project.path("a.ini"), {})).toBe(file);
  expect(session.index(file)).toBe(session.index(file));
});

test("a warning is told once for each place", () => {
  const told: DeployWarning[] = [];
  const session = new LoadSession((warning) => told.push(warning));
  for (const line of [1, 1, 2]) session.warn("Odd", { file: "/a.ini", line });
  session.warn("Odd", {});
  expect(told).toEqual([
    { message: "Odd", file: "/a.ini", line: 1 },
    { message: "Odd", file: "/a.ini", line: 2 },
    { message: "Odd" },
  ]);
  expect(session.warnings).toEqual(told);
});

/** Follows references in the order of these labels, again and again. */
function followAll(session: LoadSession, labels: readonly string[], depth: number): number {
  if (depth === 0) return 0;
  const label = labels[depth % labels.length] ?? "";
  return 1 + session.follow(label, { key: "use" }, () => followAll(session, labels, depth - 1));
}

test("references may lead far, but not for ever; the message shows the circle only", () => {
  const session = new LoadSession();
  expect(followAll(session, ["[a]", "[b]"], MAX_REFERENCES)).toBe(MAX_REFERENCES);
  expect(() => followAll(session, ["[a]", "[b]"], MAX_REFERENCES + 1)).toThrow(
    'circle: [b] → [a] → [b]; expected a chain that ends (key "use")',
  );
  const chain = Array.from({ length: MAX_REFERENCES + 1 }, (_, index) => `[${index}]`);
  expect(() => followAll(session, chain, chain.length)).toThrow("circle: [4] → [3] → [2] → [1]; expected");
  // What failed is left behind.
  expect(followAll(session, ["[a]"], MAX_REFERENCES)).toBe(MAX_REFERENCES);
});
