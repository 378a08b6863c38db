// Takes part in a distributed trace. Source: W3C Trace Context, sections 3.2 (traceparent), 3.3 (tracestate) and 4 (processing).
import { randomBytes } from "node:crypto";
import type { Middleware } from "../wsgi/types.ts";
import { flag, fromSection, type Configuration } from "./writing/options.ts";

/** Key of the environ that holds a {@link TraceContext}. */
export const TRACE_CONTEXT = "traceparent.context";

const TRACEPARENT =
  /^(?<version>[\da-f]{2})-(?<traceId>[\da-f]{32})-(?<parentId>[\da-f]{16})-(?<flags>[\da-f]{2})(?<rest>-.*)?$/;
const ZEROS = /^0+$/;
const SAMPLED = 1;

/** The ids of a request in a trace. */
export interface TraceContext {
  /** 32 hexadecimal digits, shared by the whole trace. */
  readonly traceId: string;
  /** 16 hexadecimal digits: this request. */
  readonly spanId: string;
  /** 16 hexadecimal digits: the caller; null if the trace begins here. */
  readonly parentId: string | null;
  readonly isSampled: boolean;
}

/** How traces begin. */
export interface TraceparentOptions {
  /** Whether a trace of a client is continued; otherwise each request starts one. @default true */
  readonly acceptIncoming?: boolean;
  /** Whether traces that begin here are marked as sampled. @default true */
  readonly sample?: boolean;
}

/**
 * Continues the trace that the request belongs to, or begins one: `traceparent.context` holds a {@link TraceContext}, and the headers
 * `traceparent` and `tracestate` of the environ are what the application sends on to others. If `traceparent` is malformed, a new trace
 * starts and `tracestate` is dropped.
 *
 * In a pipeline: outermost, beside `requestId`.
 */
export function traceparent(options: TraceparentOptions = {}): Middleware {
  const { acceptIncoming = true, sample = true } = options;
  return function traceparentMiddleware(application) {
    return function traced(environ, startResponse) {
      const received = environ["HTTP_TRACEPARENT"];
      const parent = acceptIncoming && typeof received === "string" ? parseTraceparent(received) : null;
      if (parent === null) delete environ["HTTP_TRACESTATE"];
      const context: TraceContext = {
        traceId: parent?.traceId ?? randomBytes(16).toString("hex"),
        spanId: randomBytes(8).toString("hex"),
        parentId: parent?.spanId ?? null,
        isSampled: parent?.isSampled ?? sample,
      };
      environ[TRACE_CONTEXT] = context;
      environ["HTTP_TRACEPARENT"] = formatTraceparent(context);
      return application(environ, startResponse);
    };
  };
}

/** For INI files: `use = egg:tsgi#traceparent`, with the keys of {@link TraceparentOptions}. */
export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
  return fromSection<TraceparentOptions>(traceparent, localConf, { acceptIncoming: flag, sample: flag });
}

/** Writes the header that a request to others carries. */
export function formatTraceparent({ traceId, spanId, isSampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${isSampled ? "01" : "00"}`;
}

/**
 * Reads a `traceparent`; its parent-id is the span of the caller.
 *
 * @returns null when it must be ignored: malformed, all zeros, of version ff, or of version 00 with more than it may have
 */
export function parseTraceparent(value: string): Pick<TraceContext, "traceId" | "spanId" | "isSampled"> | null {
  const { version, traceId, parentId, flags, rest } = TRACEPARENT.exec(value.trim())?.groups ?? {};
  if (version === undefined || traceId === undefined || parentId === undefined || flags === undefined) return null;
  if (version === "ff" || (version === "00" && rest !== undefined)) return null;
  if (ZEROS.test(traceId) || ZEROS.test(parentId)) return null;
  return { traceId, spanId: parentId, isSampled: (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED };
}
