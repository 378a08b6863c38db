// The header with the time, and the validator as a filter.
import { expect, test } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import { compose } from "../wsgi/compose.ts";
import type { WSGIApplication } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import { filterFactory, runtime } from "./runtime.ts";
import { filterFactory as validatorFactory } from "./validator-filter.ts";

const hello: WSGIApplication = validator((_environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [Buffer.from("hello")];
});

test("runtime tells seconds with six decimals, and keeps an inner one", async () => {
  const pipeline = compose(runtime(), validator, filterFactory({}, { header: "X-Inner" }), validator, runtime());
  const { headers } = await new TestClient(pipeline(hello), { raiseErrors: true }).get("/");
  expect(headers.getAll("X-Runtime")).toEqual([expect.stringMatching(/^\d+\.\d{6}$/)]);
  expect(headers.get("X-Inner")).toMatch(/^\d+\.\d{6}$/);
});

test("runtime refuses a header that is none", () => {
  expect(() => runtime({ header: "X:Runtime" })).toThrow("must be a token");
});

test("the validator as a filter finds a breach", async () => {
  const wrong: WSGIApplication = (_environ, startResponse) => {
    startResponse("200 OK", []);
    return [Buffer.from("hello")];
  };
  const application = validatorFactory({}, {})(wrong);
  const response = await new TestClient(application, { validate: false }).get("/");
  expect(response.error).toMatchObject({ code: "ERR_TSGI_CONTENT_TYPE_MISSING" });
  expect(() => validatorFactory({}, { strict: "yes" })).toThrow('Unknown option "strict"');
});
