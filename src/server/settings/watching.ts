// Settings of watching the server: metrics, health.
import type { Section } from "./setting.ts";

/** Monitoring. */
export const WATCHING = {
  title: "Monitoring",
  settings: {
    stats: {
      type: "address",
      default: null,
      source: "tsgi",
      doc: "Private listener, `HOST:PORT` or `unix:PATH`, with `/metrics`, `/healthz`, `/readyz` and `/stats`. Without it, there is none.",
    },
    statsdHost: {
      type: "text",
      default: null,
      value: "address",
      source: "gunicorn",
      doc: "Address of StatsD, `HOST:PORT`, over UDP. Without it, no metrics are sent.",
    },
    statsdPrefix: {
      type: "text",
      default: "",
      value: "text",
      source: "gunicorn",
      doc: "Prefix of each StatsD metric's name.",
    },
    statsdNames: {
      type: "choice",
      default: "tsgi",
      choices: ["tsgi", "gunicorn"],
      source: "tsgi",
      doc: "How StatsD metrics are named: `gunicorn` for dashboards made for it (`gunicorn.requests`, `gunicorn.request.status.200`); `tsgi` uses no such prefix, and counts statuses by class.",
    },
    dogstatsdTags: {
      type: "text",
      default: "",
      value: "tags",
      source: "gunicorn",
      doc: "Tags of each metric, separated by commas, in the form of DogStatsD.",
    },
  },
} as const satisfies Section;
