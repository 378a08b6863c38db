// Header fields of responses. Source: RFC 9110 section 5; PEP 3333 "The start_response() Callable", "Unicode Issues".

import { deepEqual, equal } from "node:assert/strict";
import type { HeaderList } from "../../wsgi/types.ts";
import { answering, bytes, type ConformanceCase, PLAIN } from "./conformance-case.ts";

function headerCase(name: string, headers: HeaderList): ConformanceCase {
  return {
    name,
    app: answering("200 OK", [PLAIN, ...headers], () => [bytes("x")]),
    async exercise(client) {
      const response = await client.get("/");
      equal(response.status, 200);
      for (const wanted of new Set(headers.map(([field]) => field))) {
        const values = headers.filter(([field]) => field === wanted).map(([, value]) => value);
        deepEqual(response.headers.getAll(wanted), values);
      }
    },
  };
}

export const headerCases: readonly ConformanceCase[] = [
  headerCase("Set-Cookie may come several times, in order", [
    ["Set-Cookie", "a=1; Path=/"],
    ["Set-Cookie", "b=2; Expires=Wed, 09 Jun 2100 10:18:14 GMT"],
    ["Set-Cookie", "a=3; Path=/x"],
  ]),
  headerCase("An empty header value arrives", [["X-Empty", ""]]),
  headerCase("A header value keeps its inner spaces, commas and quotes", [["X-Inner", 'a  b, "c; d" = \\e']]),
  headerCase("A header value beyond ASCII arrives as the same latin-1 bytes", [["X-Name", "caf\u00e9 \u00ff"]]),
  headerCase("UTF-8 in a header value, written as a native string, arrives byte for byte", [
    ["X-Name", Buffer.from("€ – 日本").toString("latin1")],
  ]),
  headerCase("A long header value arrives whole", [["X-Long", "x".repeat(6000)]]),
  headerCase(
    "A hundred headers arrive in order",
    Array.from({ length: 100 }, (_, index): [string, string] => [`X-Number-${index % 50}`, String(index)]),
  ),
  headerCase("Header names in any case, with digits and underscores, arrive", [
    ["x-lower-9", "1"],
    ["X_Under_Score", "2"],
  ]),
  {
    name: "The list of headers may be changed by the application after startResponse",
    app: (_, startResponse) => {
      const headers: HeaderList = [PLAIN, ["X-A", "first"]];
      startResponse("200 OK", headers);
      headers.length = 0;
      return [bytes("x")];
    },
    async exercise(client) {
      equal((await client.get("/")).status, 200);
    },
  },
];
