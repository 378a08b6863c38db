// The cascade: whose answer counts, bodies closed, and the request's body for each application.
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import type { TestResponse } from "../testing/test-response.ts";
import { chunksOf } from "../wsgi/input-stream.ts";
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
    ["the next after 405", [answer("405 Method Not Allowed"), answer("200 OK", "b")], {}, [200, "b"]],
    ["other statuses at once", [answer("403 Forbidden", "a"), answer("200 OK")], {}, [403, "a"]],
    ["only the statuses it is told", [answer("405 No", "a"), answer("200 OK")], { catches: [404] }, [405, "a"]],
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
  });

  describe("streams on what is too long to be kept", () => {
    const content = "0123456789".repeat(300_000);
    /** Reads so much of the body (all that is left without a number), and tells what it got. */
    const reading =
      (status: string, bytes?: number): WSGIApplication =>
      async (environ, startResponse) => {
        const body = await environ["wsgi.input"].read(bytes);
        startResponse(status, TYPE);
        return [Buffer.from(createHash("sha256").update(body).digest("hex"))];
      };
    const sent = createHash("sha256").update(content).digest("hex");
    const post = (...applications: WSGIApplication[]): Promise<TestResponse> =>
      new TestClient(cascade(applications.map(validator)), { raiseErrors: true }).post("/", { body: content });

    test("to the one that answers", async () => {
      expect((await post(reading("200 OK"), answer("404 Not Found"))).text()).toBe(sent);
      expect((await post(answer("404 Not Found"), reading("200 OK"))).text()).toBe(sent);
      expect((await post(reading("404 Not Found", 1_000_000), reading("200 OK"))).text()).toBe(sent);
      expect((await post(reading("404 Not Found"), answer("200 OK", "reads nothing"))).text()).toBe("reads nothing");
    });

    test("and fails where a later one needs it from the start", async () => {
      await expect(post(reading("404 Not Found"), reading("200 OK"))).rejects.toMatchObject({
        code: "ERR_TSGI_CASCADE_BODY",
        status: 413,
      });
    });

    test("without holding it", async () => {
      let sentBytes = 0;
      async function* endless(): AsyncGenerator<Uint8Array> {
        for (; sentBytes < 256 * 1024 * 1024; sentBytes += 65_536) yield Buffer.alloc(65_536);
      }
      const counting: WSGIApplication = async (environ, startResponse) => {
        let most = 0;
        const before = process.memoryUsage().arrayBuffers;
        for await (const _ of chunksOf(environ["wsgi.input"]))
          most = Math.max(most, process.memoryUsage().arrayBuffers - before);
        startResponse("200 OK", TYPE);
        return [Buffer.from(String(most))];
      };
      const app = cascade([counting, answer("404 Not Found")]);
      const response = await new TestClient(app, { raiseErrors: true }).post("/", { body: endless() });
      expect(Number(response.text())).toBeLessThan(128 * 1024 * 1024);
      expect(sentBytes).toBe(256 * 1024 * 1024);
    });
  });

  test("gives each chunk as it comes, not in blocks", async () => {
    let next: () => void = () => undefined;
    const hasRead = new Promise<void>((resolve) => (next = resolve));
    async function* talking(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("one");
      await hasRead;
      yield Buffer.from("two");
    }
    const listening: WSGIApplication = async (environ, startResponse) => {
      const heard: string[] = [];
      for await (const chunk of chunksOf(environ["wsgi.input"])) {
        heard.push(Buffer.from(chunk).toString());
        next();
      }
      startResponse("200 OK", TYPE);
      return [Buffer.from(heard.join(" "))];
    };
    const app = cascade([listening, answer("200 OK")]);
    expect((await new TestClient(app, { validate: false }).post("/", { body: talking() })).text()).toBe("one two");
  });

  test("takes the body away from an application that goes on reading after its answer was dropped", async () => {
    let late: Promise<unknown> = Promise.resolve();
    const lingering: WSGIApplication = (environ, startResponse) => {
      late = environ["wsgi.input"].read().then(
        () => "read",
        (error: unknown) => error,
      );
      startResponse("404 Not Found", TYPE);
      return [];
    };
    const reading: WSGIApplication = async (environ, startResponse) => {
      const body = await environ["wsgi.input"].read();
      startResponse("200 OK", TYPE);
      return [Buffer.from(String(body.length))];
    };
    const body = "x".repeat(500_000);
    const response = await new TestClient(cascade([lingering, reading]), { raiseErrors: true }).post("/", { body });
    expect(response.text()).toBe("500000");
    expect(await late).toMatchObject({ code: "ERR_TSGI_CASCADE_OVER" });
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
