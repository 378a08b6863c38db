import { describe, expect, test } from "vitest";
import { asked } from "../../../test/lane/lane-pair.ts";
import type { StringErrorStream } from "../../wsgi/string-error-stream.ts";
import type { WSGIBody } from "../../wsgi/types.ts";
import { GuestApplicationFailed, GuestClientGone, GuestProcessDied, GuestUnavailable } from "./errors.ts";
import { GuestExchange } from "./guest-exchange.ts";
import type { GuestRequestBody } from "./guest-request-body.ts";

const NOBODY = { resume: () => {}, abandon: () => {} };

function fileBody(): { body: GuestRequestBody; released: () => number } {
  let count = 0;
  const release = (): Promise<void> => {
    count += 1;
    return Promise.reject(new Error("It cannot be closed"));
  };
  return { body: { kind: "file", path: "/file", release }, released: () => count };
}

describe("GuestExchange.whole", () => {
  test("answers at once, and lets go of the request's body", async () => {
    const { body, released } = fileBody();
    const { exchange, heads, text } = asked({ guestBody: body });
    exchange.whole("201 Created\0X-A\0b", Buffer.from("done"));
    expect(await text).toBe("done");
    expect(heads).toEqual([{ status: "201 Created", headers: [["X-A", "b"]] }]);
    expect([exchange.isSettled, exchange.body.kind, released()]).toEqual([true, "none", 1]);
  });

  test("answers once", async () => {
    const { exchange, heads, text } = asked();
    exchange.whole("200 OK", Buffer.from("first"));
    exchange.whole("200 OK", Buffer.from("second"));
    exchange.beginWith("200 OK", 1, [Buffer.from("t")]);
    expect(exchange.begin("200 OK", 1, NOBODY, 1)).toBeNull();
    expect([await text, heads.length]).toEqual(["first", 1]);
  });
});

describe("GuestExchange.begin", () => {
  test.each([
    ["adds the length that the guest knows", "200 OK", [["Content-Length", "5"]]],
    ["leaves the length that the application gave", "200 OK\0content-length\x005", [["content-length", "5"]]],
    ["adds none where there is no body", "304 Not Modified", []],
  ])("%s", (_, head, headers) => {
    const { exchange, heads } = asked();
    exchange.begin(head, 5, NOBODY, 100)?.end();
    expect(heads[0]?.headers).toEqual(headers);
  });

  test("gives the parts out as they come", async () => {
    const { exchange, text } = asked();
    const body = exchange.begin("200 OK", -1, NOBODY, 100);
    body?.push(Buffer.from("one "));
    body?.push(Buffer.from("two"));
    body?.end();
    expect(await text).toBe("one two");
  });

  test("wants no body for HEAD: the answer is complete as it is", async () => {
    const { exchange, text } = asked({ method: "HEAD" });
    expect(exchange.begin("200 OK", -1, NOBODY, 100)).toBeNull();
    exchange.fail(new GuestClientGone("Test"));
    expect(await text).toBe("");
  });
});

describe("GuestExchange.beginWith", () => {
  test("closes a file whose head this side does not accept", async () => {
    const refuses = (): never => {
      throw new TypeError("A header that may not be sent");
    };
    const exchange = new GuestExchange(asked().exchange.environ, refuses, null, 0);
    let closed = 0;
    const file: WSGIBody = Object.assign([Buffer.from("x")], {
      close: () => {
        closed += 1;
      },
    });
    exchange.beginWith("200 OK", 1, file);
    await expect(exchange.answer).rejects.toThrow("may not be sent");
    expect(closed).toBe(1);
  });
});

describe("GuestExchange.fail", () => {
  test("before the answer throws what the application raised", async () => {
    const { exchange, heads } = asked();
    const error = new GuestApplicationFailed("Test", "It raised", "");
    exchange.fail(error);
    await expect(exchange.answer).rejects.toBe(error);
    expect(heads).toEqual([]);
  });

  test("before the answer answers what happened to the process, and logs it", async () => {
    const { exchange, heads, text } = asked();
    exchange.fail(new GuestProcessDied("Test", "It crashed", "the report"));
    expect(await text).toBe("502 Bad Gateway\n");
    expect(heads.map(({ status }) => status)).toEqual(["502 Bad Gateway"]);
    expect((exchange.environ["wsgi.errors"] as StringErrorStream).text).toBe(
      "TestProcessDied: It crashed\nthe report\n",
    );
  });

  test("does not log that there was no room: under load, that would be the log", async () => {
    const { exchange, text } = asked();
    exchange.fail(new GuestUnavailable("Test", "Too many"));
    expect(await text).toBe("503 Service Unavailable\n");
    expect((exchange.environ["wsgi.errors"] as StringErrorStream).text).toBe("");
  });

  test("rejects where even the error page cannot be sent", async () => {
    const refuses = (): never => {
      throw new TypeError("Nothing may be sent");
    };
    const exchange = new GuestExchange(asked().exchange.environ, refuses, null, 0);
    exchange.fail(new GuestUnavailable("Test", "Too many"));
    await expect(exchange.answer).rejects.toThrow("Nothing may be sent");
  });

  test("after the head breaks the answer off", async () => {
    const { body: requestBody, released } = fileBody();
    const { exchange, text } = asked({ guestBody: requestBody });
    exchange.begin("200 OK", -1, NOBODY, 100)?.push(Buffer.from("half"));
    exchange.fail(new GuestProcessDied("Test", "It crashed"));
    expect(await text).toBe("half!TestProcessDied: It crashed");
    expect(released()).toBe(1);
  });
});

test("GuestExchange.reject throws what could not be read, and lets go of the body", async () => {
  const { body, released } = fileBody();
  const { exchange, text } = asked({ guestBody: body });
  exchange.reject(new Error("The client sent nonsense"));
  expect([await text, released()]).toEqual(["!Error: The client sent nonsense", 1]);
});

test.each([
  [{ url: "/a%20b?c" }, "GET /a%20b?c"],
  [
    { method: "POST", environ: { REQUEST_URI: undefined, SCRIPT_NAME: "/shop", PATH_INFO: "/cart" } },
    "POST /shop/cart",
  ],
])("GuestExchange.description names method and target", (options, description) => {
  expect(asked(options).exchange.description).toBe(description);
});
