// wsgiref.validate, wrapped around the application, has nothing to say about us.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { servePython, type Served } from "./serve-python.ts";

describe.each([{ threads: 1 }, { threads: 4 }])("wsgiref.validate with $threads threads", ({ threads }) => {
  let served: Served;
  beforeAll(async () => {
    served = await servePython({ target: "validated:application", threads });
  });
  afterAll(() => served.close());

  test.each([
    ["/hello", "GET", undefined, "hello"],
    ["/hello?a=b", "GET", undefined, "hello"],
    ["/hello", "HEAD", undefined, ""],
    ["/hello", "PUT", "body", "hello"],
    ["/several-chunks", "GET", undefined, "one two three"],
    ["/write-and-return", "GET", undefined, "written returned"],
    ["/class-iterable", "GET", undefined, "from a class"],
    ["/complete-by-length", "GET", undefined, "12345"],
    ["/exc-info-before", "GET", undefined, "conflict"],
    ["/generator", "GET", undefined, "one two"],
    ["/big-generator?blocks=3", "GET", undefined, "y".repeat(3 * 65_536)],
    ["/status-204", "GET", undefined, ""],
    ["/status-304", "GET", undefined, ""],
    ["/count-input", "POST", "x".repeat(100_000), "100000"],
    ["/count-input", "POST", "x".repeat(1_000_000), "1000000"],
  ])("%s %s", async (path, method, body, text) => {
    const received = await served.get(path, { method, ...(body === undefined ? {} : { body }) });
    expect(received.status).toBeLessThan(500);
    expect(received.text).toBe(text);
    expect(served.log.filter((entry) => entry.level !== "info")).toEqual([]);
    expect(served.errors.text).toBe("");
  });
});
