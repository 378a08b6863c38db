import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mockEnviron } from "../testing/mock-environ.ts";
import type { WSGIEnvironment } from "../wsgi/types.ts";
import { FormError } from "./errors.ts";
import { type FormOptions, parseForm } from "./parse-form.ts";

const URLENCODED = "application/x-www-form-urlencoded";

function posted(body: string | Uint8Array, type: string = URLENCODED): WSGIEnvironment {
  return mockEnviron({ method: "POST", headers: { "Content-Type": type }, body: Buffer.from(body) });
}

async function read(body: string, options?: FormOptions): Promise<[string, string][]> {
  return (await parseForm(posted(body), options)).entries();
}

async function refusal(body: string, options?: FormOptions, type?: string): Promise<[status: number, message: string]> {
  const error: unknown = await parseForm(posted(body, type), options).then(
    () => new Error("Not refused"),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(FormError);
  return [(error as FormError).status, (error as FormError).message]; // as was just expected
}

describe("parseForm of urlencoded forms", () => {
  test.each<[what: string, body: string, fields: [string, string][]]>([
    ["nothing", "", []],
    [
      "two fields",
      "a=1&b=2",
      [
        ["a", "1"],
        ["b", "2"],
      ],
    ],
    [
      "blank values and values without =",
      "a=&b&=c",
      [
        ["a", ""],
        ["b", ""],
        ["", "c"],
      ],
    ],
    ["nothing between two &", "&&a=1&&", [["a", "1"]]],
    ["a plus as a space, an encoded plus as a plus", "a+b=c+d%2B", [["a b", "c d+"]]],
    ["UTF-8, encoded or not", "n%C3%A4me=caf\u00e9", [["näme", "café"]]],
    [
      "a wrong % as text",
      "a=100%&b=%zz%C3%A4",
      [
        ["a", "100%"],
        ["b", "%zzä"],
      ],
    ],
    ["; as text", "a=1;b=2", [["a", "1;b=2"]]],
    ["only the first = as one", "a=b=c", [["a", "b=c"]]],
    [
      "names that objects have",
      "__proto__=1&constructor=2",
      [
        ["__proto__", "1"],
        ["constructor", "2"],
      ],
    ],
  ])("reads %s", async (_what, body, fields) => {
    expect(await read(body)).toEqual(fields);
  });

  test("reads any bytes as browsers do, or refuses those that are not UTF-8", async () => {
    const piece = fc.constantFrom(
      "a",
      "&",
      "=",
      "+",
      "%",
      "%2",
      "%41",
      "%2b",
      "%2B",
      "%00",
      "%7f",
      "%80",
      "%C3%A4",
      "%c3",
      "%zz",
      "%E2%82%AC",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
        const body = pieces.join("");
        const expected = [...new URLSearchParams(body)];
        // U+FFFD is what the standard puts in the place of bytes that are no text.
        const isText = !expected.flat().some((text) => text.includes("\uFFFD"));
        const seen = isText ? await read(body) : (await refusal(body))[0];
        expect(seen).toEqual(isText ? expected : 400);
      }),
      { numRuns: 500 },
    );
  });

  test("gives first values, all values, and names once", async () => {
    const form = await parseForm(posted("a=1&b=2&a=3&__proto__=4"));
    expect([form.get("a"), form.getAll("a"), form.get("c"), form.getAll("c")]).toEqual([
      "1",
      ["1", "3"],
      undefined,
      [],
    ]);
    expect([form.names(), form.has("b"), form.has("toString")]).toEqual([["a", "b", "__proto__"], true, false]);
    expect([...form]).toHaveLength(4);
  });

  test("reads the query of a GET", async () => {
    const form = await parseForm(mockEnviron({ url: "/?q=caf%C3%A9&page=2" }));
    expect(form.entries()).toEqual([
      ["q", "café"],
      ["page", "2"],
    ]);
  });

  test("is empty without a body and a type", async () => {
    expect((await parseForm(mockEnviron({ method: "POST" }))).entries()).toEqual([]);
  });

  test.each<[what: string, body: string, options: FormOptions, answer: [number, string]]>([
    ["bytes that are not UTF-8", "a=1&b=%ff", {}, [400, 'Expected UTF-8 in the field "b", got other bytes']],
    ["a name that is not UTF-8", "%ff=1", {}, [400, "Expected UTF-8 in the name of field 1, got other bytes"]],
    ["a field without =, when strict", "a=1&b", { strict: true }, [400, 'Expected "=" in field 2 of the form']],
    ["an empty field, when strict", "a=1&&b=2", { strict: true }, [400, 'Expected "=" in field 2 of the form']],
    [
      "a wrong %, when strict",
      "a=%zz",
      { strict: true },
      [400, 'Expected two hexadecimal digits after "%" in the field "a"'],
    ],
  ])("refuses %s", async (_what, body, options, answer) => {
    expect(await refusal(body, options)).toEqual(answer);
  });

  test("refuses what is no form", async () => {
    expect(await refusal("{}", {}, "application/json; charset=utf-8")).toEqual([
      415,
      'Expected a form as the body, got "application/json"',
    ]);
  });

  test.each<[limit: keyof FormOptions, most: number, fits: string, isTooLong: string, what: string]>([
    ["bodyBytes", 6, "a=%41", "a=%41&&", "6 bytes"],
    ["textBytes", 4, "a=b&c=d", "a=b&c=de", "4 bytes of text"],
    ["textBytes", 3, "a=%C3%A4", "a=%C3%A4a", "3 bytes of text"],
    ["fields", 2, "a=1&&b=2", "a=1&b=2&c=3", "2 fields"],
  ])("refuses more than %s with 413", async (limit, most, fits, isTooLong, what) => {
    await expect(read(fits, { [limit]: most })).resolves.toHaveLength(fits.split(/&+/).length);
    expect(await refusal(isTooLong, { [limit]: most })).toEqual([413, `Expected a form of at most ${what}`]);
  });
});
