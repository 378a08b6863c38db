// Settings of what a client may send.
import type { Section } from "./setting.ts";

/** Limits of requests. */
export const LIMITS = {
  title: "Limits",
  settings: {
    limitRequestLine: {
      type: "size",
      default: 8190,
      source: "gunicorn",
      gunicornDefault: "4094",
      doc: "Longest request line; longer is answered with 414. 0 means no limit.",
    },
    limitRequestFields: {
      type: "integer",
      default: 100,
      minimum: 0,
      maximum: 32_768,
      unit: "number",
      source: "gunicorn",
      doc: "Most header fields of a request; more are answered with 431. 0 means no limit.",
    },
    limitRequestFieldSize: {
      type: "size",
      default: 8190,
      source: "gunicorn",
      aliases: ["limit-request-field_size"],
      doc: "Longest header field; longer is answered with 431. 0 means no limit.",
    },
    limitRequestHead: {
      type: "size",
      default: 65_536,
      source: "tsgi",
      doc: "Longest head, request line and all fields; longer is answered with 431. 0 means no limit.",
    },
    limitRequestBody: {
      type: "size",
      default: 1_073_741_824,
      source: "tsgi",
      doc: "Longest body of a request; longer is answered with 413. 0 means no limit.",
    },
  },
} as const satisfies Section;
