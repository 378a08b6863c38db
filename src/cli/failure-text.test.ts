import { expect, test } from "vitest";
import { ListenError, SettingError } from "../server/errors.ts";
import { CommandError } from "./errors.ts";
import { errorSections } from "./explain/error-sections.ts";
import { failureText } from "./failure-text.ts";

test("failureText names the code in a last line, below the message as it is", () => {
  expect(failureText(new ListenError(":80", "the address is in use", true))).toBe(
    "tsgi: Cannot listen at :80: the address is in use\nFor more: tsgi explain ERR_TSGI_ADDRESS_IN_USE\n",
  );
  expect(errorSections().get("ERR_TSGI_ADDRESS_IN_USE")).toContain("--bind");
});

test("failureText adds nothing to what a message of usage or a status says whole, nor to other errors", () => {
  expect(failureText(new SettingError("Cannot use --workers"))).toBe("tsgi: Cannot use --workers\n");
  expect(failureText(new CommandError(22, "ERR_TSGI_HTTP", "Answered 404"))).toBe("tsgi: Answered 404\n");
  expect(failureText("text")).toBe("tsgi: text\n");
  expect(failureText(new Error("Ours"))).toMatch(/^tsgi: Error: Ours\n {4}at /);
});
