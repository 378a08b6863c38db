// Where Content-Length is set.
import { expect, test } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import type { HeaderList, WSGIBody } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import { contentLength, filterFactory } from "./content-length.ts";

const TYPE: HeaderList = [["Content-Type", "text/plain"]];
const bits = (): Uint8Array[] => [Buffer.from("ab"), Buffer.from("cde")];

test.each<[what: string, status: string, headers: HeaderList, body: () => WSGIBody, length: string | null]>([
  ["several chunks", "200 OK", TYPE, bits, "5"],
  ["no chunk", "200 OK", TYPE, () => [], "0"],
  ["a body that comes bit by bit", "200 OK", TYPE, () => new Set(bits()), null],
  ["a body whose length is known", "200 OK", [...TYPE, ["Content-Length", "5"]], bits, "5"],
  ["204", "204 No Content", [], () => [], null],
])("contentLength for %s", async (_, status, headers, body, length) => {
  let announced: string | null | undefined;
  const application = contentLength()(
    validator((_environ, startResponse) => {
      startResponse(status, headers);
      return body();
    }),
  );
  const response = await new TestClient(
    (environ, startResponse) =>
      application(environ, (line, list, excInfo) => {
        announced = list.find(([name]) => name === "Content-Length")?.[1] ?? null;
        return startResponse(line, list, excInfo);
      }),
    { raiseErrors: true },
  ).get("/");
  expect(announced).toBe(length);
  expect(response.isComplete).toBe(true);
});

test("filterFactory takes no options", () => {
  expect(() => filterFactory({}, { size: "1" })).toThrow('Unknown option "size"');
});
