import { expect, test } from "vitest";
import { TargetFormError } from "../../guests/typescript/errors.ts";
import { isSchemeTarget, loadSchemeTarget } from "./target-schemes.ts";

test.each<[string, boolean]>([
  ["cgi:/usr/lib/x", true],
  ["cgi:./x.cgi", true],
  ["cgi-bin:/usr/lib/cgi-bin", true],
  ["fastcgi://127.0.0.1:9000", true],
  ["fastcgi:unix:/run/php.sock?root=/srv", true],
  ["proxy:http://127.0.0.1:3000", true],
  ["http://example.org/", true],
  ["ftp://example.org/", true],
  ["proxy:app", false],
  ["cgi:make(1)", false],
  ["shop.wsgi:application", false],
  ["app.ts", false],
  ["file:///srv/app.ts", false],
  ["node:http", false],
  ["call:shop:make", false],
])("isSchemeTarget says of %s: %s", (target, expected) => {
  expect(isSchemeTarget(target)).toBe(expected);
});

test.each<[string, RegExp]>([
  ["http://127.0.0.1:3000/", /Unknown scheme "http"[^]*did you mean "proxy:http:\/\/127.0.0.1:3000\/"/],
  ["fastcig://127.0.0.1:9000", /did you mean "fastcgi"; expected a file, a module or one of "cgi:PROGRAM"/],
  ["x://user:secret@host/", /"x:\/\/\*\*\*@host\/"/],
  ["x://user:with@secret@host/", /"x:\/\/\*\*\*@host\/"/],
  ["cgi:/nowhere", /Cannot use the target "cgi:\/nowhere": Option "program" is "\/nowhere", which is no file/],
  ["cgi:/bin/sh?nothing=1", /Unknown option "nothing"/],
  ["cgi:/bin/sh?head_timeout=1&head_timeout=2", /"head_timeout" is given twice/],
  ["cgi:/bin/sh?program=x", /"program" is given twice/],
])("loadSchemeTarget refuses %s", async (target, message) => {
  const loading = loadSchemeTarget(target, { directory: "/", environment: [], log: { debug() {} } });
  await expect(loading).rejects.toThrow(message);
  await expect(loading).rejects.toBeInstanceOf(TargetFormError);
});
