// What must not compile: each line below a @ts-expect-error fails the type check if it ever does.
import { expect, expectTypeOf, it } from "vitest";
import type {
  Bytes,
  HeaderList,
  StartResponse,
  Write,
  WSGIApplication,
  WSGIApplicationLike,
  WSGIBody,
  WSGIEnvironment,
} from "./types.ts";

const HEADERS: HeaderList = [["Content-Type", "text/plain"]];

/** Never called: only compiled. */
export function mistakes(startResponse: StartResponse): WSGIApplication[] {
  // @ts-expect-error -- a status is a string
  startResponse(200, HEADERS);
  // @ts-expect-error -- headers are an array of pairs, not an object
  startResponse("200 OK", { "Content-Type": "text/plain" });
  // @ts-expect-error -- a header value is a string
  startResponse("200 OK", [["Content-Length", 5]]);
  // @ts-expect-error -- a header has a name and a value
  startResponse("200 OK", [["Content-Length"]]);
  // @ts-expect-error -- headers are not optional
  startResponse("200 OK");
  // @ts-expect-error -- excInfo is an error
  startResponse("500 Oops", HEADERS, "went wrong");
  // @ts-expect-error -- write takes bytes
  void startResponse("200 OK", HEADERS)("text");
  return [
    // @ts-expect-error -- a bare string is one write per character
    () => "hello",
    // @ts-expect-error -- so is a promise of one
    async () => "hello",
    // @ts-expect-error -- bare bytes iterate as numbers
    () => new Uint8Array(5),
    // @ts-expect-error -- a Buffer is bare bytes too
    () => Buffer.from("hello"),
    // @ts-expect-error -- chunks are bytes
    () => ["hello"],
    // @ts-expect-error -- a body is required, if only []
    () => undefined,
    // @ts-expect-error -- null is no body
    () => null,
    // @ts-expect-error -- close is a function
    () => Object.assign([new Uint8Array(1)], { close: true }),
    // @ts-expect-error -- the scheme is one of two, so it is never ws
    (environ) => (environ["wsgi.url_scheme"] === "ws" ? [] : []),
    // @ts-expect-error -- read gives a promise
    (environ) => [environ["wsgi.input"].read(5)],
  ];
}

it("the types take each form of an application and of a body", () => {
  expectTypeOf<() => Bytes[]>().toExtend<WSGIApplication>();
  expectTypeOf<() => Promise<Buffer[]>>().toExtend<WSGIApplication>();
  expectTypeOf<() => Generator<Uint8Array>>().toExtend<WSGIApplication>();
  expectTypeOf<() => AsyncGenerator<Uint8Array>>().toExtend<WSGIApplication>();
  expectTypeOf<{ call(): Bytes[] }>().toExtend<WSGIApplicationLike>();
  expectTypeOf<ReturnType<StartResponse>>().toEqualTypeOf<Write>();
  expectTypeOf<WSGIEnvironment["HTTP_USER_AGENT"]>().toEqualTypeOf<string | undefined>();
  expectTypeOf<WSGIEnvironment["shop.basket"]>().toEqualTypeOf<unknown>();
  expectTypeOf<string>().not.toExtend<WSGIBody>();
  expectTypeOf<Uint8Array>().not.toExtend<WSGIBody>();
  expect(mistakes).toBeTypeOf("function");
});
