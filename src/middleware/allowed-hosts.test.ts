import { expect, it } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import { validator } from "../wsgi/validator.ts";
import { allowedHosts, filterFactory } from "./allowed-hosts.ts";

const hello = validator((_, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [Buffer.from("hello")];
});
const client = new TestClient(
  allowedHosts({ hosts: ["shop.example", ".blog.example", "*.api.example", "[::1]"] })(hello),
);

it.each([
  ["shop.example", 200],
  ["SHOP.EXAMPLE.:8080", 200],
  ["www.shop.example", 400],
  ["blog.example", 200],
  ["a.b.blog.example", 200],
  ["myblog.example", 400],
  ["api.example", 400],
  ["v1.api.example", 200],
  ["[::1]:8000", 200],
  // What two readers might take for different hosts.
  ["shop.example@evil.example", 400],
  ["evil.example@shop.example", 400],
  ["shop.example, evil.example", 400],
  ["shop.example evil.example", 400],
  ["shop.example/evil", 400],
  ["shop.example#.evil.example", 400],
  ["shop.example:80@evil.example", 400],
  ["shop.example:evil", 400],
  ["evil.example?.blog.example", 400],
  ["evil.example\\.blog.example", 400],
  ["", 400],
])("allowedHosts answers Host %j with %i", async (host, status) => {
  expect((await client.get("/", { headers: { Host: host } })).status).toBe(status);
});

it("filterFactory reads hosts", async () => {
  const application = filterFactory({}, { hosts: "a.example, b.example" })(hello);
  const ask = async (host: string) => (await new TestClient(application).get("/", { headers: { Host: host } })).status;
  expect([await ask("a.example"), await ask("b.example"), await ask("c.example")]).toEqual([200, 200, 400]);
});

it.each([[{}], [{ hosts: "" }], [{ hosts: "http://a" }], [{ hosts: "a:80" }], [{ host: "a" }]])(
  "filterFactory refuses %j",
  (conf) => {
    expect(() => filterFactory({}, conf as unknown as Record<string, string>)).toThrow(/option "host/i);
  },
);
