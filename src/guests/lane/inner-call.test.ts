import { describe, expect, test } from "vitest";
import { asked, type Asking } from "../../../test/lane/lane-pair.ts";
import { encodeEnviron } from "../../protocols/lane/environ-text.ts";
import { FrameFlag, FrameType, type LaneFrame } from "../../protocols/lane/frame.ts";
import { LaneDecoder } from "../../protocols/lane/lane-decoder.ts";
import { SHARED } from "../../protocols/lane/shared-value.ts";
import type { Bytes, WSGIApplication, WSGIEnvironment } from "../../wsgi/types.ts";
import { InnerCall } from "./inner-call.ts";

/** A call of an application, and what the filter of the guest hears of it. */
interface Called {
  readonly call: InnerCall;
  readonly sent: LaneFrame[];
  /** The filter speaks. */
  readonly say: (
    type: number,
    parts?: { readonly body?: string; readonly flags?: number; readonly number?: number },
  ) => void;
}

const NUMBER = 3;

/** @param environ - what the filter passes on; null for text that makes no sense */
function called(
  inner: WSGIApplication | undefined,
  environ: Record<string, unknown> | null = {},
  original: Asking["environ"] = {},
): Called {
  const sent: LaneFrame[] = [];
  const decoder = new LaneDecoder((frame) => sent.push(frame));
  const { exchange } = asked({ id: 5, environ: original, ...(inner === undefined ? {} : { inner }) });
  const frameOf = (type: number, head: string, body: string, flags: number, number: number): LaneFrame => {
    return { type, flags, aux: number, id: 5, head, body: Buffer.from(body, "latin1"), totalBytes: -1 };
  };
  const { text, pairs } = environ === null ? { text: "no pairs", pairs: 9 } : encodeEnviron(environ);
  const call = new InnerCall(
    exchange,
    frameOf(FrameType.call, String.fromCharCode(pairs, 0, 0, 0), text, FrameFlag.json, NUMBER),
    "Test",
    (header, body) => {
      decoder.push(Buffer.from(header, "latin1"));
      if (body !== null && body.length > 0) decoder.push(Buffer.from(body));
    },
  );
  return {
    call,
    sent,
    say: (type, { body = "", flags = 0, number = NUMBER } = {}) => call.receive(frameOf(type, "", body, flags, number)),
  };
}

/** Type, flags and body of each frame. */
function shown(frames: readonly LaneFrame[]): [type: number, flags: number, body: string][] {
  return frames.map(({ type, flags, body }) => [type, flags, body.toString()]);
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe("InnerCall, of an application that answers", () => {
  test("sends a whole answer in one frame", () => {
    const { sent } = called((_environ, startResponse) => {
      startResponse("201 Created", [["X-A", "b"]]);
      return [Buffer.from("all of it")];
    });
    expect(sent.map(({ head, aux, id }) => [head, aux, id])).toEqual([["201 Created\0X-A\0b", NUMBER, 5]]);
    expect(shown(sent)).toEqual([[FrameType.answer, FrameFlag.end, "all of it"]]);
  });

  test("waits with the next chunk until the filter has asked for it", async () => {
    const given: string[] = [];
    const { sent, say } = called((_environ, startResponse) => {
      startResponse("200 OK", []);
      return (async function* body(): AsyncGenerator<Bytes> {
        for (const chunk of ["one", "two", "three"]) {
          given.push(chunk);
          yield Buffer.from(chunk);
        }
      })();
    });
    await turn();
    expect(shown(sent)).toEqual([[FrameType.answer, 0, "one"]]);
    expect(given).toEqual(["one", "two"]);
    say(FrameType.pull);
    await turn();
    expect(shown(sent).slice(1)).toEqual([[FrameType.piece, 0, "two"]]);
    say(FrameType.pull);
    await turn();
    say(FrameType.pull);
    expect(shown(sent).slice(2)).toEqual([
      [FrameType.piece, 0, "three"],
      [FrameType.piece, FrameFlag.end, ""],
    ]);
  });

  test("joins what write() gives without waiting, so that nothing is lost", async () => {
    const { sent, say } = called((_environ, startResponse) => {
      const write = startResponse("200 OK", []);
      void write(Buffer.from("one"));
      void write(Buffer.from("two"));
      void write(Buffer.from("three"));
      return [];
    });
    expect(shown(sent)).toEqual([[FrameType.answer, 0, "one"]]);
    say(FrameType.pull);
    await turn();
    expect(shown(sent).slice(1)).toEqual([[FrameType.piece, FrameFlag.end, "twothree"]]);
  });

  test.each<[what: string, inner: WSGIApplication | undefined, environ: object | null, message: string]>([
    ["an application that raises", () => Promise.reject(new TypeError("on purpose")), {}, "TypeError: on purpose"],
    ["no application", undefined, {}, "Error: There is no inner application"],
    ["an environ that makes no sense", () => [], null, "Error: The environ of the call is malformed"],
  ])("tells the filter of %s", async (_, inner, environ, message) => {
    const { sent } = called(inner, environ as Record<string, unknown> | null);
    await turn();
    expect(shown(sent)).toEqual([[FrameType.failed, FrameFlag.end, message]]);
  });

  test("tells the filter also what is thrown that is no error", async () => {
    const { sent } = called(() => Promise.reject("just text"));
    await turn();
    expect(shown(sent)).toEqual([[FrameType.failed, FrameFlag.end, "just text"]]);
  });
});

describe("InnerCall, the environ of the application", () => {
  function seen(environ: Record<string, unknown>, original: Record<string, unknown>): WSGIEnvironment {
    let found: WSGIEnvironment | null = null;
    called(
      (given, startResponse) => {
        found = given;
        startResponse("200 OK", []);
        return [];
      },
      environ,
      original,
    );
    if (found === null) throw new Error("The application was not called");
    return found;
  }

  test("is what the filter made of it", () => {
    const environ = seen(
      { PATH_INFO: "/new", "app.user": { id: 1 } },
      { HTTP_X_REMOVED: "yes", "app.user": { id: 0 } },
    );
    expect(environ).toMatchObject({ PATH_INFO: "/new", "app.user": { id: 1 } });
    expect("HTTP_X_REMOVED" in environ).toBe(false);
  });

  test("has the values of this side that cannot travel, and not those that could and are gone", () => {
    class Database {
      readonly name = "shop";
    }
    const kept = { "app.call": () => {}, "app.database": new Database(), "tsgi.signal": new AbortController().signal };
    const gone = {
      "app.plain": { a: 1 },
      "app.bare": Object.assign(Object.create(null) as object, { a: 1 }),
      "app.list": [1],
      "app.bytes": Buffer.from("x"),
      "app.time": new Date(0),
      "app.nothing": null,
    };
    const environ = seen({}, { ...kept, ...gone });
    expect(environ).toMatchObject(kept);
    expect(Object.keys(gone).filter((key) => key in environ)).toEqual([]);
    expect(environ["wsgi.errors"]).toBeDefined();
  });

  test("holds what the filter did with a shared value, and tells the filter what the application did", async () => {
    let text = "before";
    const received: unknown[] = [];
    const session = {
      [SHARED]: {
        kind: "session",
        share: () => text,
        receive(change: unknown) {
          received.push(change);
          text = "changed by the filter";
        },
      },
    };
    const { sent } = called(
      (_environ, startResponse) => {
        text = "changed by the application, träge";
        startResponse("200 OK", []);
        return [];
      },
      { "tsgi.shared": { "app.session": '{"set":{"a":1}}' } },
      { "app.session": session },
    );
    expect(received).toEqual([{ set: { a: 1 } }]);
    expect(shown(sent).map(([type]) => type)).toEqual([FrameType.refresh, FrameType.answer]);
    expect(JSON.parse(String(sent[0]?.body))).toEqual({ "app.session": "changed by the application, träge" });
  });
});

describe("InnerCall, the input of the application", () => {
  const reading: WSGIApplication = async (environ, startResponse) => {
    const input = environ["wsgi.input"];
    let text = "";
    for (let chunk = await input.read(9); chunk.length > 0; chunk = await input.read(9))
      text += Buffer.from(chunk).toString();
    startResponse("200 OK", []);
    return [Buffer.from(text)];
  };

  test("is asked for piece by piece", async () => {
    const { sent, say } = called(reading);
    await turn();
    expect(shown(sent).map(([type]) => type)).toEqual([FrameType.ask]);
    say(FrameType.give, { body: "one" });
    await turn();
    say(FrameType.give, { body: "two" });
    await turn();
    say(FrameType.give, { flags: FrameFlag.end });
    await turn();
    expect(shown(sent).slice(3)).toEqual([[FrameType.answer, FrameFlag.end, "onetwo"]]);
  });

  test("breaks off when the request is over", async () => {
    let failure = "";
    const { call, sent } = called(async (environ, startResponse) => {
      await environ["wsgi.input"].read(1).catch((error: Error) => {
        failure = error.name;
      });
      startResponse("200 OK", []);
      return [];
    });
    await turn();
    call.end();
    await turn();
    expect([failure, sent.length]).toEqual(["TestClientGone", 1]);
  });

  test("is empty for an application that reads after the end", async () => {
    let read = "nothing yet";
    const { call } = called(async (environ, startResponse) => {
      await turn();
      read = Buffer.from(await environ["wsgi.input"].read(1)).toString();
      startResponse("200 OK", []);
      return [];
    });
    call.end();
    await turn();
    await turn();
    expect(read).toBe("");
  });
});

describe("InnerCall, when the filter has lost interest", () => {
  test("closes the body, and sends no more", async () => {
    let closed = 0;
    const { sent, say, call } = called((_environ, startResponse) => {
      startResponse("200 OK", []);
      const body = (async function* endless(): AsyncGenerator<Bytes> {
        for (;;) yield Buffer.from("more");
      })();
      return Object.assign(body, {
        close: () => {
          closed += 1;
        },
      });
    });
    await turn();
    say(FrameType.drop);
    call.end();
    say(FrameType.pull);
    await turn();
    expect([closed, sent.length]).toEqual([1, 1]);
  });

  test("ignores frames of another call, and answers to no question", async () => {
    const { sent, say } = called((_environ, startResponse) => {
      startResponse("200 OK", []);
      return (async function* two(): AsyncGenerator<Bytes> {
        yield Buffer.from("one");
        yield Buffer.from("two");
      })();
    });
    await turn();
    say(FrameType.pull, { number: NUMBER + 1 });
    say(FrameType.give, { body: "not asked for" });
    await turn();
    expect(shown(sent)).toEqual([[FrameType.answer, 0, "one"]]);
  });
});
