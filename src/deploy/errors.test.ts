// Errors of a configuration, and how their places read.
import { expect, test } from "vitest";
import { DeployError, describePlace, placedError, type Place } from "./errors.ts";

test.each<[place: Place, text: string]>([
  [{}, ""],
  [{ file: "/a.ini" }, ' (file "/a.ini")'],
  [
    { file: "/a.ini", line: 1, column: 2, section: "app:main", key: "use" },
    ' (file "/a.ini", line 1, column 2, section [app:main], key "use")',
  ],
])("describePlace(%j) is %j", (place, text) => {
  expect(describePlace(place)).toBe(text);
});

test("an error ends a command with 3, unless it says otherwise", () => {
  const error = new DeployError("ERR_TSGI_DEPLOY_VALUE", "Bad value", { line: 3 });
  expect(error).toMatchObject({ what: "Bad value", message: "Bad value (line 3)", exitCode: 3, detail: "" });
});

test("placedError keeps all that an error says, without its secrets", () => {
  const error = new DeployError("ERR_TSGI_DEPLOY_FILE", "No x here", {}, { detail: "x is away", exitCode: 5 });
  expect(placedError(error, { line: 3 })).toMatchObject({ message: "No x here (line 3)", detail: "x is away" });
  expect(placedError(error, { line: 3 }, (text) => text.replace("x", "(hidden)"))).toMatchObject({
    code: "ERR_TSGI_DEPLOY_FILE",
    what: "No (hidden) here",
    detail: "(hidden) is away",
    exitCode: 5,
    line: 3,
    cause: error,
  });
});
