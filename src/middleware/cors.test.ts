import { expect, it } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import { validator } from "../wsgi/validator.ts";
import { cors, type CorsOptions, filterFactory } from "./cors.ts";

const hello = validator((_, startResponse) => {
  startResponse("200 OK", [
    ["Content-Type", "text/plain"],
    ["Vary", "Accept"],
  ]);
  return [Buffer.from("hello")];
});
const clientOf = (options?: CorsOptions): TestClient => new TestClient(cors(options)(hello));
const NAMED: CorsOptions = { origins: ["https://app.example", "https://*.tenants.example"], credentials: true };

it.each([
  ["https://app.example", true],
  ["https://a.tenants.example", true],
  ["https://a.b.tenants.example", true],
  ["https://tenants.example", false],
  ["https://eviltenants.example", false],
  ["https://evil.example/.tenants.example", false],
  ["https://evil.example:1.tenants.example", false],
  ["https://evil.example#.tenants.example", false],
  ["http://app.example", false],
  ["https://app.example.evil", false],
  ["https://app.example:8443", false],
  ["null", false],
])("cors lets %s read: %s", async (origin, isAllowed) => {
  const { headers } = await clientOf(NAMED).get("/", { headers: { Origin: origin } });
  expect(headers.get("Access-Control-Allow-Origin")).toBe(isAllowed ? origin : null);
  expect(headers.get("Access-Control-Allow-Credentials")).toBe(isAllowed ? "true" : null);
  expect(headers.getAll("Vary")).toEqual(["Accept, Origin"]);
});

it("cors tells caches that the answer varies even when nobody asked", async () => {
  const { headers } = await clientOf(NAMED).get("/");
  expect([headers.get("Vary"), headers.has("Access-Control-Allow-Origin")]).toEqual(["Accept, Origin", false]);
});

it("cors for everybody says so with a star", async () => {
  const { headers } = await clientOf({ exposedHeaders: ["X-Total"] }).get("/", {
    headers: { Origin: "https://any.example" },
  });
  expect(headers.get("Access-Control-Allow-Origin")).toBe("*");
  expect(headers.get("Access-Control-Expose-Headers")).toBe("X-Total");
  expect(headers.get("Vary")).toBe("Accept");
});

it("cors for everybody says so whoever asks, because a cache gives the answer to others", async () => {
  const { headers } = await clientOf({ exposedHeaders: ["X-Total"] }).get("/");
  expect(headers.get("Access-Control-Allow-Origin")).toBe("*");
  expect(headers.get("Access-Control-Expose-Headers")).toBe("X-Total");
});

it.each(["https://xn--bcher-kva.example", "https://a.xn--bcher-kva.test"])(
  "cors knows %s by its name beyond ASCII",
  async (origin) => {
    const client = clientOf({ origins: ["https://Bücher.example", "https://*.bücher.test"] });
    expect((await client.get("/", { headers: { Origin: origin } })).headers.get("Access-Control-Allow-Origin")).toBe(
      origin,
    );
  },
);

it("cors answers a preflight itself", async () => {
  const response = await clientOf({ ...NAMED, maxAgeSeconds: 600 }).options("/", {
    headers: {
      Origin: "https://app.example",
      "Access-Control-Request-Method": "PUT",
      "Access-Control-Request-Headers": "x-token,content-type",
    },
  });
  expect([response.status, response.text()]).toEqual([204, ""]);
  expect(Object.fromEntries(response.headers.list)).toEqual({
    "Access-Control-Allow-Origin": "https://app.example",
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Allow-Methods": "GET, HEAD, PUT, PATCH, POST, DELETE",
    "Access-Control-Allow-Headers": "x-token,content-type",
    "Access-Control-Max-Age": "600",
    Vary: "Origin, Access-Control-Request-Headers",
  });
});

it("cors allows nothing to a preflight of another origin", async () => {
  const headers = { Origin: "https://evil.example", "Access-Control-Request-Method": "PUT" };
  const response = await clientOf(NAMED).options("/", { headers });
  expect([response.status, response.headers.list]).toEqual([204, [["Vary", "Origin"]]]);
});

it("cors passes OPTIONS on that is no preflight", async () => {
  expect((await clientOf(NAMED).options("/", { headers: { Origin: "https://app.example" } })).text()).toBe("hello");
});

it("filterFactory reads lists and flags", async () => {
  const conf = { origins: "https://a.example, https://b.example", credentials: "yes", max_age_seconds: "5" };
  const client = new TestClient(filterFactory({}, conf)(hello));
  const { headers } = await client.get("/", { headers: { Origin: "https://b.example" } });
  expect(headers.get("Access-Control-Allow-Origin")).toBe("https://b.example");
});

it.each([
  [{ credentials: true }, 'Origin "*" cannot have credentials'],
  [{ origins: ["app.example"] }, 'Option "origins" has the entry "app.example"'],
  [{ origins: ["https://a.example/path"] }, "expected"],
  [{ origins: ["https://*"] }, "expected"],
])("cors refuses %j", (options, message) => {
  expect(() => cors(options)).toThrow(message);
});
