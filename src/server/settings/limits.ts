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
      doc: "Maximum size of the request line; longer ones get 414. 0 means no limit.",
    },
    limitRequestFields: {
      type: "integer",
      default: 100,
      minimum: 0,
      maximum: 32_768,
      unit: "number",
      source: "gunicorn",
      doc: "Maximum number of request headers; more get 431. 0 means no limit.",
    },
    limitRequestFieldSize: {
      type: "size",
      default: 8190,
      source: "gunicorn",
      aliases: ["limit-request-field_size"],
      doc: "Maximum size of one request header; longer ones get 431. 0 means no limit.",
    },
    limitRequestHead: {
      type: "size",
      default: 65_536,
      source: "tsgi",
      doc: "Maximum size of the request line and all headers together; larger ones get 431. 0 means no limit.",
    },
    limitRequestBody: {
      type: "size",
      default: 1_073_741_824,
      source: "tsgi",
      doc: "Maximum size of a request body; larger ones get 413. 0 means no limit.",
    },
  },
} as const satisfies Section;
