// The conformance list below a filter in Ruby that changes nothing, and has Rack's validator in it.
import { describe } from "vitest";
import { rubyMiddleware } from "../../src/guests/ruby/ruby-middleware.ts";
import { testBelowFilter } from "../lane/filter-conformance.ts";
import { interpreterWith } from "../needs.ts";
import { APPS } from "./serve-ruby.ts";

/** What Rack cannot carry, and what Rack's validator hides. */
const DIFFERENT: Readonly<Record<string, string>> = {
  "The reason of the status arrives": "a status of Rack is a number",
  "A list of one chunk gets its Content-Length": "Rack's validator hides that the body is a list",
};

const ruby = interpreterWith("ruby", "rack/lint");

describe.skipIf(ruby === undefined)("Applications of ours below a filter in Ruby", () => {
  testBelowFilter(
    () =>
      rubyMiddleware({
        filter: { middleware: "LintAround", require: "./lint.rb" },
        directory: APPS,
        threads: 4,
        log: () => {},
      }),
    DIFFERENT,
  );
});
