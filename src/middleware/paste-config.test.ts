// The values of a configuration, in the environ and around it, also while a body is read.
import { describe, expect, test } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import type { WSGIApplication, WSGIBody } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import { currentConfig, filterFactory, PASTE_CONFIG, pasteConfig } from "./paste-config.ts";

const colour = (): Uint8Array => Buffer.from(`${String(currentConfig()?.["colour"])} `);

const bodies: Record<string, () => WSGIBody | Promise<WSGIBody>> = {
  list: () => [colour()],
  promise: async () => [colour()],
  *generator() {
    yield colour();
    yield colour();
  },
  async *asyncGenerator() {
    await Promise.resolve();
    yield colour();
    await Promise.resolve();
    yield colour();
  },
};

describe("pasteConfig", () => {
  test.each(Object.entries(bodies))("is around a body that is a %s", async (_name, body) => {
    const inner: WSGIApplication = (environ, startResponse) => {
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      expect(environ[PASTE_CONFIG]).toEqual({ colour: "red", size: "9" });
      return body();
    };
    const app = validator(filterFactory({ colour: "blue", size: "9" }, { colour: "red" })(validator(inner)));
    const texts = await Promise.all([1, 2].map(async () => (await new TestClient(app).get("/")).text()));
    for (const text of texts) expect(new Set(text.trim().split(" "))).toEqual(new Set(["red"]));
    expect(currentConfig()).toBeUndefined();
  });

  test("gives each request a copy, the innermost values, and close() of the body once", async () => {
    let closes = 0;
    const inner: WSGIApplication = (environ, startResponse) => {
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      const config = environ[PASTE_CONFIG] as Record<string, string>;
      config["seen"] = `${config["seen"] ?? ""}x`;
      const chunks = [Buffer.from(config["seen"])];
      return { [Symbol.iterator]: () => chunks[Symbol.iterator](), close: () => void (closes += 1) };
    };
    const app = validator(pasteConfig({ config: { from: "outer" } })(pasteConfig({ config: {} })(validator(inner))));
    const client = new TestClient(app);
    expect([(await client.get("/")).text(), (await client.get("/")).text(), closes]).toEqual(["x", "x", 2]);
  });
});
