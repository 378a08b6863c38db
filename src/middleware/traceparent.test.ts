// Traces: the cases of W3C Trace Context.
import { expect, test } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import { validator } from "../wsgi/validator.ts";
import { filterFactory, parseTraceparent, TRACE_CONTEXT, traceparent, type TraceContext } from "./traceparent.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

const echo = validator((environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "application/json"]]);
  const { HTTP_TRACEPARENT: header, HTTP_TRACESTATE: state, [TRACE_CONTEXT]: context } = environ;
  return [Buffer.from(JSON.stringify({ header, state, context }))];
});

interface Echoed {
  header: string;
  state?: string;
  context: TraceContext;
}

async function traced(application = traceparent()(echo), header = `00-${TRACE}-${SPAN}-01`): Promise<Echoed> {
  const headers = { Traceparent: header, Tracestate: "vendor=1" };
  return (await new TestClient(application, { raiseErrors: true }).get("/", { headers })).json<Echoed>();
}

test("traceparent continues a trace with a span of its own", async () => {
  const { header, state, context } = await traced();
  expect(context).toMatchObject({ traceId: TRACE, parentId: SPAN, isSampled: true });
  expect(context.spanId).toMatch(/^[\da-f]{16}$/);
  expect(context.spanId).not.toBe(SPAN);
  expect([header, state]).toEqual([`00-${TRACE}-${context.spanId}-01`, "vendor=1"]);
});

test("traceparent begins a trace when it is not to trust the client, or cannot read it", async () => {
  for (const { context, state } of [
    await traced(filterFactory({}, { accept_incoming: "no", sample: "no" })(echo)),
    await traced(filterFactory({}, { sample: "no" })(echo), "00-0-0-01"),
  ]) {
    expect(context).toMatchObject({ parentId: null, isSampled: false });
    expect(context.traceId).not.toBe(TRACE);
    expect(state).toBeUndefined();
  }
});

test.each<[header: string, isSampled: boolean | null]>([
  [`00-${TRACE}-${SPAN}-00`, false],
  [`00-${TRACE}-${SPAN}-01`, true],
  [`00-${TRACE}-${SPAN}-03`, true],
  [`cc-${TRACE}-${SPAN}-01-what-the-future-will-be`, true],
  [`00-${TRACE}-${SPAN}-01-more`, null],
  [`ff-${TRACE}-${SPAN}-01`, null],
  [`00-${"0".repeat(32)}-${SPAN}-01`, null],
  [`00-${TRACE}-${"0".repeat(16)}-01`, null],
  [`00-${TRACE.toUpperCase()}-${SPAN}-01`, null],
  [`00-${TRACE}-${SPAN}-1`, null],
  ["", null],
])("parseTraceparent of %s is sampled: %j", (header, isSampled) => {
  expect(parseTraceparent(header)?.isSampled ?? null).toBe(isSampled);
});
