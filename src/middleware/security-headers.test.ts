import { expect, it } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import { validator } from "../wsgi/validator.ts";
import { filterFactory, securityHeaders } from "./security-headers.ts";

const hello = validator((_, startResponse) => {
  startResponse("200 OK", [
    ["Content-Type", "text/plain"],
    ["x-frame-options", "DENY"],
  ]);
  return [Buffer.from("hello")];
});

it("securityHeaders adds the usual ones and leaves what the application has set", async () => {
  const response = await new TestClient(securityHeaders()(hello)).get("/");
  expect(Object.fromEntries(response.headers.list)).toEqual({
    "Content-Type": "text/plain",
    "Content-Length": "5",
    "x-frame-options": "DENY",
    "Content-Security-Policy": "base-uri 'self'; form-action 'self'; frame-ancestors 'self'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Permitted-Cross-Domain-Policies": "none",
  });
});

it("securityHeaders speaks of Strict-Transport-Security over https only", async () => {
  const client = new TestClient(securityHeaders()(hello), { baseUrl: "https://shop.test" });
  const value = (await client.get("/")).headers.get("Strict-Transport-Security");
  expect(value).toBe("max-age=31536000; includeSubDomains");
});

it("filterFactory reads values, joins lines, and leaves out what is off", async () => {
  const conf = {
    content_security_policy: "default-src 'self';\n  img-src *",
    referrer_policy: "off",
    cross_origin_opener_policy: "",
  };
  const { headers } = await new TestClient(filterFactory({}, conf)(hello)).get("/");
  expect(headers.get("Content-Security-Policy")).toBe("default-src 'self'; img-src *");
  expect([headers.has("Referrer-Policy"), headers.has("Cross-Origin-Opener-Policy")]).toEqual([false, false]);
});

it("securityHeaders refuses values that would break the header, and unknown headers", () => {
  expect(() => securityHeaders({ referrerPolicy: "a\r\nX-Evil: 1" })).toThrow("cannot be sent");
  expect(() => filterFactory({}, { x_frame_option: "DENY" })).toThrow('did you mean "x_frame_options"');
});
