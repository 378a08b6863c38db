// The conformance list below a filter in Perl that changes nothing, and has Plack's validator in it.
import { describe } from "vitest";
import { perlMiddleware } from "../../src/guests/perl/perl-middleware.ts";
import { testBelowFilter } from "../lane/filter-conformance.ts";
import { interpreterWith } from "../needs.ts";
import { APPS } from "./serve-perl.ts";

/** What PSGI cannot carry, and what Plack's validator refuses. */
const DIFFERENT: Readonly<Record<string, string>> = {
  "The reason of the status arrives": "a status of PSGI is a number",
  "A method that the gateway does not know is the application's to judge": "Plack's validator wants capital letters",
};

const perl = interpreterWith("perl", "Plack::Middleware::Lint");

describe.skipIf(perl === undefined)("Applications of ours below a filter in Perl", () => {
  testBelowFilter(
    () => perlMiddleware({ filter: "identity.pl", directory: APPS, processes: 3, log: () => {} }),
    DIFFERENT,
  );
});
