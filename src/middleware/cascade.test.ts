// The cascade: whose answer counts, bodies closed, and the request's body for each application.
import { describe, expect, test } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import type { WSGIApplication, WSGIBody } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import { cascade, compositeFactory } from "./cascade.ts";

const TYPE: [string, string][] = [["Content-Type", "text/plain"]];

function answer(status: string, text = status): WSGIApplication {
  return validator((_environ, startResponse) => {
    startResponse(status, TYPE);
    return [Buffer.from(text)];
  });
}

async function get(application: WSGIApplication): Promise<[status: number, text: string]> {
  const response = await new TestClient(application, { raiseErrors: true }).get("/");
  return [response.status, response.text()];
}

describe("cascade", () => {
  test.each<[what: string, applications: WSGIApplication[], options: object, result: [number, string]]>([
    ["the first answer", [answer("200 OK", "a"), answer("200 OK", "b")], {}, [200, "a"]],
    ["the next after 404", [answer("404 Not Found"), answer("200 OK", "b")], {}, [200, "b"]],
    ["the last answer in any case", [answer("404 Not Found"), answer("404 Not Found", "z")], {}, [404, "z"]],
    ["other statuses at once", [answer("405 Method Not Allowed", "a"), answer("200 OK")], {}, [405, "a"]],
    ["the statuses it is told", [answer("405 No"), answer("200 OK", "b")], { catches: [404, 405] }, [200, "b"]],
  ])("gives %s", async (_, applications, options, result) => {
    expect(await get(cascade(applications, options))).toEqual(result);
  });

  test("waits for a generator to say its status, and loses no chunk", async () => {
    const generator = (status: string): WSGIApplication =>
      validator(async function* application(_environ, startResponse) {
        startResponse(status, TYPE);
        yield Buffer.from("one ");
        yield Buffer.from("two");
      } as WSGIApplication);
    expect(await get(cascade([generator("404 Not Found"), generator("200 OK")]))).toEqual([200, "one two"]);
    expect(await get(cascade([generator("200 OK"), answer("404 Not Found")]))).toEqual([200, "one two"]);
  });

  test("closes each body once, also the one that it drops", async () => {
    const closed: string[] = [];
    const closing =
      (name: string, status: string): WSGIApplication =>
      (_environ, startResponse) => {
        startResponse(status, TYPE);
        const body: WSGIBody = Object.assign([Buffer.from(name)], { close: () => void closed.push(name) });
        return body;
      };
    await get(cascade([closing("a", "404 Not Found"), closing("b", "200 OK"), closing("c", "200 OK")]));
    expect(closed).toEqual(["a", "b"]);
  });

  test("swallows what a dropped application writes", async () => {
    const writing: WSGIApplication = validator((_environ, startResponse) => {
      void startResponse("404 Not Found", TYPE)(Buffer.from("gone"));
      return [];
    });
    expect(await get(cascade([writing, answer("200 OK", "b")]))).toEqual([200, "b"]);
  });

  test("gives every application the whole body of the request", async () => {
    const reading =
      (status: string): WSGIApplication =>
      async (environ, startResponse) => {
        const body = await environ["wsgi.input"].read();
        startResponse(status, TYPE);
        return [Buffer.from(`${body.length} ${Buffer.from(body.subarray(-3)).toString()}`)];
      };
    const app = cascade([validator(reading("404 Not Found")), validator(reading("200 OK"))]);
    const content = `${"x".repeat(100_000)}end`;
    const response = await new TestClient(app, { raiseErrors: true }).post("/", { body: content });
    expect(response.text()).toBe("100003 end");
    const small = cascade([reading("404 Not Found"), reading("200 OK")], { maxReplayBytes: 99_999 });
    await expect(new TestClient(small, { raiseErrors: true }).post("/", { body: content })).rejects.toMatchObject({
      code: "ERR_TSGI_CASCADE_BODY",
      status: 413,
    });
  });

  test("keeps what one application does to its environ from the next", async () => {
    const spoiling: WSGIApplication = (environ, startResponse) => {
      environ.PATH_INFO = "/spoiled";
      return answer("404 Not Found")(environ, startResponse);
    };
    const telling: WSGIApplication = (environ, startResponse) =>
      answer("200 OK", environ.PATH_INFO)(environ, startResponse);
    expect(await get(cascade([spoiling, telling]))).toEqual([200, "/"]);
  });

  test("refuses to be empty, and statuses that are none", () => {
    expect(() => cascade([])).toThrow("expected one or more");
    expect(() => cascade([answer("200 OK")], { catches: [Number.NaN] })).toThrow("expected a number from 100 to 599");
  });
});

test("compositeFactory tries the applications in the order of their keys", async () => {
  const loader = { getApp: async (name: string) => answer(name === "b" ? "200 OK" : "405 No", name) };
  const app = await compositeFactory(loader, {}, { app2: "b", app1: "a", catch: "404 405" });
  expect(await get(app)).toEqual([200, "b"]);
});
