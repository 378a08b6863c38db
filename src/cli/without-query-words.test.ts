import { describe, expect, test } from "vitest";
import { withoutQueryWords } from "./without-query-words.ts";

describe("withoutQueryWords", () => {
  test.each<[what: string, query: string | undefined, argv: string[], own: string[]]>([
    ["no query", undefined, ["cgi", "app.ts", "--mount", "/x"], ["cgi", "app.ts", "--mount", "/x"]],
    ["an option", "--mount+/x", ["cgi", "app.ts", "--mount", "/x"], ["cgi", "app.ts"]],
    ["what Apache escapes", "%3Bls+$x", ["cgi", "app.ts", "\\;ls", "\\$x"], ["cgi", "app.ts"]],
    ["bytes that are no UTF-8", "%ff", ["cgi", "app.ts", "\ufffd"], ["cgi", "app.ts"]],
    ["a query that was not passed", "a+b", ["cgi", "app.ts", "--mount", "/x"], ["cgi", "app.ts", "--mount", "/x"]],
    ["a query with values", "a=b", ["cgi", "app.ts", "a=b"], ["cgi", "app.ts", "a=b"]],
    ["the target itself", "app.ts", ["cgi", "app.ts"], ["cgi", "app.ts"]],
    ["another command", "x", ["fetch", "app.ts", "x"], ["fetch", "app.ts", "x"]],
  ])("%s", (_, query, argv, own) => {
    expect(withoutQueryWords(argv, { QUERY_STRING: query })).toEqual(own);
  });
});
