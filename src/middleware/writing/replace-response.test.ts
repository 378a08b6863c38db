import { expect, it, vi } from "vitest";
import { mockEnviron } from "../../testing/mock-environ.ts";
import { TestClient } from "../../testing/test-client.ts";
import type { Bytes, HeaderList, WSGIApplication, WSGIBody } from "../../wsgi/types.ts";
import { validator } from "../../wsgi/validator.ts";
import { withClose } from "./body-close.ts";
import { changeHead, type HeadChange, replaceResponse } from "./replace-response.ts";

const PLAIN: HeaderList = [["Content-Type", "text/plain"]];
const text = (chunk: Bytes): string => Buffer.from(chunk).toString();
const upper = (chunk: Bytes): Bytes => Buffer.from(text(chunk).toUpperCase());
const closed = vi.fn<() => void>();

/** The same response, in each form that the contract allows. */
const FORMS: Record<string, (headers: HeaderList) => WSGIApplication> = {
  "an array": (headers) => (_, startResponse) => {
    startResponse("200 OK", headers);
    return Object.assign([Buffer.from("one "), Buffer.from("two")], { close: closed });
  },
  "an iterable": (headers) => (_, startResponse) => {
    startResponse("200 OK", headers);
    return { [Symbol.iterator]: () => [Buffer.from("one "), Buffer.from("two")].values(), close: closed };
  },
  "an async iterable": (headers) => (_, startResponse) => {
    startResponse("200 OK", headers);
    async function* chunks(): AsyncGenerator<Bytes> {
      yield Buffer.from("one ");
      yield Buffer.from("two");
    }
    return Object.assign(chunks(), { close: closed });
  },
  "a generator that announces late": (headers) => (_, startResponse) => {
    function* chunks(): Generator<Bytes> {
      startResponse("200 OK", headers);
      yield Buffer.from("one ");
      yield Buffer.from("two");
    }
    return Object.assign(chunks(), { close: closed });
  },
  "an async generator that announces late": (headers) => (_, startResponse) => {
    async function* chunks(): AsyncGenerator<Bytes> {
      await Promise.resolve();
      startResponse("200 OK", headers);
      yield Buffer.from("one ");
      yield Buffer.from("two");
    }
    return Object.assign(chunks(), { close: closed });
  },
  "a promise": (headers) => async (_, startResponse) => {
    await Promise.resolve();
    startResponse("200 OK", headers);
    return Object.assign([Buffer.from("one two")], { close: closed });
  },
  "write()": (headers) => (_, startResponse) => {
    const write = startResponse("200 OK", headers);
    void write(Buffer.from("one "));
    return Object.assign([Buffer.from("two")], { close: closed });
  },
  "awaited write()": (headers) => async (_, startResponse) => {
    const write = startResponse("200 OK", headers);
    await write(Buffer.from("one "));
    await write(Buffer.from("two"));
    return Object.assign([], { close: closed });
  },
  excInfo: (headers) => (_, startResponse) => {
    startResponse("201 Created", [["Content-Type", "text/html"]]);
    startResponse("200 OK", headers, new Error("changed my mind"));
    return Object.assign([Buffer.from("one two")], { close: closed });
  },
};

async function* excited(chunks: AsyncIterable<Bytes>): AsyncGenerator<Bytes> {
  for await (const chunk of chunks) yield upper(chunk);
  yield Buffer.from("!");
}

const CHANGES: Record<string, { change: HeadChange; body: string; hasLength?: boolean }> = {
  nothing: { change: () => null, body: "one two", hasLength: true },
  "each chunk": { change: () => ({ kind: "chunks", chunk: upper, end: () => Buffer.from("!") }), body: "ONE TWO!" },
  "the whole or a stream": {
    change: () => ({ kind: "whole", whole: (body) => upper(Buffer.concat([body, Buffer.from("!")])), stream: excited }),
    body: "ONE TWO!",
  },
  "a stream only": { change: () => ({ kind: "whole", whole: () => null, stream: excited }), body: "ONE TWO!" },
  everything: {
    change: () => ({
      kind: "instead",
      application: (_, startResponse) => {
        startResponse("503 Service Unavailable", [...PLAIN]);
        return [Buffer.from("later")];
      },
    }),
    body: "later",
  },
};

const CASES = Object.keys(FORMS).flatMap((form) =>
  Object.keys(CHANGES).flatMap((what) => [true, false].map((isAnnounced) => [what, form, isAnnounced] as const)),
);

it.each(CASES)("replaceResponse changes %s of %s (Content-Length: %s)", async (what, form, isAnnounced) => {
  closed.mockClear();
  const { change, body, hasLength } = CHANGES[what] as (typeof CHANGES)[string];
  const headers: HeaderList = isAnnounced ? [...PLAIN, ["Content-Length", "7"]] : [...PLAIN];
  const inner = validator((FORMS[form] as (typeof FORMS)[string])(headers));
  const application: WSGIApplication = (environ, startResponse) =>
    replaceResponse(inner, environ, startResponse, (head) => {
      head.headers.push(["X-Seen", head.status.slice(0, 3)]);
      return change(head);
    });
  const response = await new TestClient(application).get("/");
  expect([response.error, response.text()]).toEqual([undefined, body]);
  expect(response.status).toBe(what === "everything" ? 503 : 200);
  expect(response.isComplete).toBe(true);
  expect(closed).toHaveBeenCalledTimes(1);
  expect(response.headers.get("X-Seen")).toBe(what === "everything" ? null : "200");
  const length = response.headers.get("Content-Length");
  expect([null, String(response.bytes().length)]).toContain(length);
  expect(length !== null || !isAnnounced || hasLength !== true).toBe(true);
});

it.each(["nothing", "each chunk", "the whole or a stream", "everything"])(
  "replaceResponse of %s keeps an array an array, without a promise",
  (what) => {
    const { change } = CHANGES[what] as (typeof CHANGES)[string];
    const inner = FORMS["an array"]?.([...PLAIN]) as WSGIApplication;
    const body = replaceResponse(inner, mockEnviron(), () => () => undefined, change);
    expect(Array.isArray(body)).toBe(true);
  },
);

it("replaceResponse hands on the very array when its chunks are only watched", () => {
  const array = [Buffer.from("one")];
  const seen: string[] = [];
  const inner: WSGIApplication = (_, startResponse) => {
    startResponse("200 OK", [...PLAIN]);
    return array;
  };
  const watch: HeadChange = () => ({
    kind: "watch",
    chunk: (chunk) => void seen.push(text(chunk)),
    end: () => void seen.push("end"),
  });
  expect(replaceResponse(inner, mockEnviron(), () => () => undefined, watch)).toBe(array);
  expect(seen).toEqual(["one", "end"]);
});

it("replaceResponse leaves a whole alone that comes bit by bit and has no stream", async () => {
  const application: WSGIApplication = (environ, startResponse) =>
    replaceResponse(
      FORMS["an iterable"]?.([...PLAIN, ["Content-Length", "7"]]) as WSGIApplication,
      environ,
      startResponse,
      () => ({
        kind: "whole",
        whole: upper,
      }),
    );
  const response = await new TestClient(application).get("/");
  expect([response.text(), response.headers.get("Content-Length")]).toEqual(["one two", "7"]);
});

it("replaceResponse does not take the empty body of HEAD for the whole", async () => {
  const application: WSGIApplication = (environ, startResponse) =>
    replaceResponse(
      (_, start) => {
        start("200 OK", [...PLAIN, ["Content-Length", "7"]]);
        return [];
      },
      environ,
      startResponse,
      () => ({ kind: "whole", whole: () => Buffer.from("never") }),
    );
  const response = await new TestClient(application).head("/");
  expect([response.headers.get("Content-Length"), response.text()]).toEqual(["7", ""]);
});

it("replaceResponse lets the server throw excInfo once the head has left", async () => {
  const late = new Error("too late");
  const inner: WSGIApplication = (_, startResponse) => {
    const write = startResponse("200 OK", [...PLAIN]);
    void write(Buffer.from("sent"));
    startResponse("500 Internal Server Error", [...PLAIN], late);
    return [];
  };
  const application: WSGIApplication = (environ, startResponse) =>
    replaceResponse(inner, environ, startResponse, () => ({ kind: "chunks", chunk: upper }));
  const response = await new TestClient(application).get("/");
  expect([response.text(), response.error, response.isComplete]).toEqual(["SENT", late, false]);
});

it("replaceResponse refuses a second startResponse without excInfo, although the first head still waits", () => {
  const inner: WSGIApplication = (_, startResponse) => {
    startResponse("200 OK", [...PLAIN]);
    startResponse("200 OK", [...PLAIN]);
    return [];
  };
  const held: HeadChange = () => ({ kind: "whole", whole: upper });
  expect(() => replaceResponse(inner, mockEnviron(), () => () => undefined, held)).toThrow(/startResponse once/);
});

it("replaceResponse closes the body when the change fails", () => {
  closed.mockClear();
  const failing: HeadChange = () => ({
    kind: "whole",
    whole() {
      throw new Error("broken");
    },
  });
  const inner = FORMS["an array"]?.([...PLAIN]) as WSGIApplication;
  expect(() => replaceResponse(inner, mockEnviron(), () => () => undefined, failing)).toThrow("broken");
  expect(closed).toHaveBeenCalledTimes(1);
});

it("replaceResponse tells a generator that nobody iterates to end", () => {
  let isEnded = false;
  function* chunks(start: () => void): Generator<Bytes> {
    try {
      start();
      yield Buffer.from("one");
      yield Buffer.from("two");
    } finally {
      isEnded = true;
    }
  }
  const inner: WSGIApplication = (_, startResponse) => chunks(() => void startResponse("200 OK", [...PLAIN]));
  const body = replaceResponse(
    inner,
    mockEnviron(),
    () => () => undefined,
    () => null,
  ) as WSGIBody;
  void body.close?.();
  expect(isEnded).toBe(true);
});

it("changeHead works on a copy of the application's list", async () => {
  const headers: HeaderList = [...PLAIN];
  const inner: WSGIApplication = (_, startResponse) => {
    startResponse("200 OK", headers);
    return [];
  };
  const application: WSGIApplication = (environ, startResponse) =>
    inner(
      environ,
      changeHead(startResponse, (head) => {
        head.status = "202 Accepted";
        head.headers.push(["X-Added", "yes"]);
      }),
    );
  const response = await new TestClient(application).get("/");
  expect([response.status, response.headers.get("X-Added"), headers]).toEqual([202, "yes", PLAIN]);
});

it.each(["an array", "an iterable", "an async iterable"])("withClose tells when %s is closed", async (form) => {
  closed.mockClear();
  const onClose = vi.fn<() => void>(() => expect(closed).toHaveBeenCalledTimes(1));
  const application: WSGIApplication = (environ, startResponse) =>
    withClose((FORMS[form] as (typeof FORMS)[string])([...PLAIN])(environ, startResponse) as WSGIBody, onClose);
  const response = await new TestClient(application).get("/");
  expect(response.text()).toBe("one two");
  expect(onClose).toHaveBeenCalledTimes(1);
});
