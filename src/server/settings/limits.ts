// Settings of what a client may send.
import type { Section } from "./setting.ts";

/** Limits of requests. */
export const LIMITS = {
  title: "Limits",
  settings: {
    limitRequestLine: {
      type: "size",
      default: 8190,
      minimum: 1,
      source: "gunicorn",
      gunicornDefault: "4094",
      doc: "Longest request line; longer is answered with 414.",
    },
    limitRequestFields: {
      type: "integer",
      default: 100,
      minimum: 1,
      maximum: 32_768,
      unit: "number",
      source: "gunicorn",
      doc: "Most header fields of a request; more are answered with 431.",
    },
    limitRequestFieldSize: {
      type: "size",
      default: 8190,
      minimum: 1,
      source: "gunicorn",
      aliases: ["limit-request-field_size"],
      doc: "Longest header field; longer is answered with 431.",
    },
    limitRequestHead: {
      type: "size",
      default: 65_536,
      minimum: 1,
      source: "tsgi",
      doc: "Longest head, request line and all fields; longer is answered with 431.",
    },
    limitRequestBody: {
      type: "size",
      default: 1_073_741_824,
      source: "tsgi",
      doc: "Longest body of a request; longer is answered with 413. 0 means no limit.",
    },
  },
} as const satisfies Section;
