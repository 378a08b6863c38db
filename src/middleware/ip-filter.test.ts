import { describe, expect, it } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import type { Middleware, WSGIApplication } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import { filterFactory, ipFilter } from "./ip-filter.ts";
import { NetworkSet } from "./writing/network-set.ts";

const hello = validator((_, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [Buffer.from("hello")];
});

function from(address: string, middleware: Middleware): Promise<{ status: number }> {
  const inner = middleware(hello);
  const application: WSGIApplication = (environ, startResponse) => {
    environ.REMOTE_ADDR = address;
    return inner(environ, startResponse);
  };
  return new TestClient(application).get("/");
}

it.each([
  ["10.1.2.3", 200],
  ["10.6.6.6", 403],
  ["11.0.0.1", 403],
  ["::1", 200],
  ["::ffff:10.1.2.3", 200],
  ["::ffff:10.6.6.6", 403],
  ["2001:db8::1", 403],
  ["", 403],
  ["unknown", 403],
])("ipFilter answers %j with %i", async (address, status) => {
  const filter = ipFilter({ allow: ["10.0.0.0/8", "::1"], deny: ["10.6.6.6"] });
  expect((await from(address, filter)).status).toBe(status);
});

it("ipFilter with deny alone lets everybody else in", async () => {
  const filter = ipFilter({ deny: ["192.0.2.0/24"] });
  expect((await from("192.0.2.9", filter)).status).toBe(403);
  expect((await from("192.0.3.9", filter)).status).toBe(200);
});

it("filterFactory reads lists", async () => {
  const filter = filterFactory({}, { allow: "192.0.2.1, unix\n10.0.0.0/8" });
  expect((await from("", filter)).status).toBe(200);
  expect((await from("10.9.9.9", filter)).status).toBe(200);
  expect((await from("1.1.1.1", filter)).status).toBe(403);
});

describe("NetworkSet", () => {
  it.each(["0.0.0.0/0", "::/0"])("%s holds every address of its family", (all) => {
    const set = new NetworkSet([all], "allow");
    const own = all.includes(":") ? ["::1", "ffff::1"] : ["1.2.3.4", "255.255.255.255"];
    expect(own.map((address) => set.has(address))).toEqual([true, true]);
  });

  it.each(["10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "10.0.0.0/8/9", "host", "::1/129", "*"])("refuses %j", (entry) => {
    expect(() => new NetworkSet([entry], "allow")).toThrow(`Option "allow" has the entry "${entry}"`);
  });
});

it("ipFilter refuses to filter nothing", () => {
  expect(() => ipFilter({})).toThrow("expected one of them or both");
});
