// Hints before the answer.
import { expect, test } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import type { HeaderList } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import { earlyHints, filterFactory, type EarlyHintsOptions } from "./early-hints.ts";

const STYLE = "</site.css>; rel=preload; as=style";
const SCRIPT = "</page.js>; rel=modulepreload";
const BROWSER = { Accept: "text/html,*/*" };

function client(options: EarlyHintsOptions, ...headers: HeaderList): TestClient {
  const page = validator((environ, startResponse) => {
    const status = environ.PATH_INFO === "/error" ? "500 Internal Server Error" : "200 OK";
    startResponse(status, [["Content-Type", "text/html"], ...headers]);
    return [Buffer.from("<p>")];
  });
  return new TestClient(earlyHints(options)(page), { raiseErrors: true });
}

const hintsOf = async (from: TestClient, path = "/", headers: Record<string, string> = BROWSER): Promise<string[]> =>
  (await from.get(path, { headers })).earlyHints.flat().map(([name, value]) => `${name}: ${value}`);

test("earlyHints hints at what every page needs", async () => {
  const page = client({ links: [STYLE] });
  expect(await hintsOf(page)).toEqual([`Link: ${STYLE}`]);
  expect(await hintsOf(page, "/", { "Sec-Fetch-Mode": "navigate" })).toEqual([`Link: ${STYLE}`]);
  expect(await hintsOf(page, "/", { "Sec-Fetch-Mode": "cors", ...BROWSER })).toEqual([]);
  expect(await hintsOf(page, "/", { Accept: "application/json" })).toEqual([]);
});

test("earlyHints learns the links of a page that went well", async () => {
  const page = client(
    { links: [STYLE], learn: true },
    ["Link", SCRIPT],
    ["Link", STYLE],
    ["Link", "</next>; rel=next"],
  );
  expect(await hintsOf(page, "/a")).toEqual([`Link: ${STYLE}`]);
  expect(await hintsOf(page, "/a")).toEqual([`Link: ${STYLE}`, `Link: ${SCRIPT}`]);
  expect(await hintsOf(page, "/b")).toEqual([`Link: ${STYLE}`]);
  expect(await hintsOf(page, "/error")).toEqual([`Link: ${STYLE}`]);
  expect(await hintsOf(page, "/error")).toEqual([`Link: ${STYLE}`]);
});

test("earlyHints remembers so many paths", async () => {
  const page = client({ learn: true, maxPaths: 2 }, ["Link", SCRIPT]);
  for (const path of ["/a", "/b", "/a", "/c"]) await hintsOf(page, path);
  expect(await hintsOf(page, "/b")).toEqual([]); // was longest unused
  expect(await hintsOf(page, "/c")).toEqual([`Link: ${SCRIPT}`]);
});

test("filterFactory reads one link in a line", async () => {
  const page = validator((_environ, startResponse) => {
    startResponse("200 OK", [["Content-Type", "text/html"]]);
    return [];
  });
  const application = filterFactory({}, { links: `\n${STYLE}\n${SCRIPT}` })(page);
  expect(await hintsOf(new TestClient(application))).toEqual([`Link: ${STYLE}`, `Link: ${SCRIPT}`]);
  expect(() => filterFactory({}, { links: "bad\u0001" })).toThrow("control characters");
});
