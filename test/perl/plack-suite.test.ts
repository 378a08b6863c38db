// Plack's own test suite for servers, all of it, through the HTTP server and the lane.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { interpreterWith } from "../needs.ts";
import { servePerl } from "./serve-perl.ts";

const SUITE = fileURLToPath(new URL("plack-suite.pl", import.meta.url));
const perl = interpreterWith("perl", "Plack::Test::Suite", "HTTP::Request::Common", "Test::TCP");

test.skipIf(perl === undefined)("every assertion of Plack::Test::Suite holds", { timeout: 120_000 }, async () => {
  const served = await servePerl({ target: "plack-suite.psgi", processes: 2 });
  const output = await new Promise<string>((resolve) => {
    execFile(perl ?? "", [SUITE, String(served.port)], { timeout: 100_000 }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
  await served.close();
  const failed = output.split("\n").filter((line) => /^\s*not ok/.test(line));
  expect(failed, output.slice(-4000)).toEqual([]);
  expect(output).toMatch(/^1..101$/m);
});
