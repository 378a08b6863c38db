import { expect, test } from "vitest";
import { SERVER_EXIT_CODES, ServerError, SettingError } from "../errors.ts";
import { describeBootFailure } from "./describe-boot-failure.ts";

test("describeBootFailure tells an error of the server by its message and its codes", () => {
  const error = new ServerError(SERVER_EXIT_CODES.fileUnusable, "ERR_TSGI_FILE_UNUSABLE", "Cannot read the file");
  expect(describeBootFailure(error)).toEqual({
    type: "boot-failed",
    stage: "boot",
    message: "Cannot read the file",
    detail: "",
    exitCode: SERVER_EXIT_CODES.fileUnusable,
    code: "ERR_TSGI_FILE_UNUSABLE",
  });
  expect(describeBootFailure(new SettingError("Wrong")).message).toBe("Wrong");
});

test("describeBootFailure knows by the exit code that the target is at fault", () => {
  const error = Object.assign(new Error("No such file"), { exitCode: 5, code: "ERR_TARGET" });
  expect(describeBootFailure(error)).toMatchObject({ stage: "app", message: "No such file", exitCode: 5 });
});

test.each([
  ["with its stack, what nobody expected", new TypeError("oops"), /^TypeError: oops\n {4}at /],
  ["what is no error", "just text", /^just text$/],
])("describeBootFailure tells %s", (_, error, message) => {
  expect(describeBootFailure(error)).toMatchObject({
    stage: "boot",
    message: expect.stringMatching(message) as string,
    exitCode: SERVER_EXIT_CODES.boot,
    code: "",
  });
});
