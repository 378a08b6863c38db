// Settings of trust: whom the server believes who the client is.
import type { Section } from "./setting.ts";

/** Trust. */
export const TRUST = {
  title: "Trust",
  settings: {
    forwardedAllowIps: {
      type: "list",
      item: "network",
      default: ["127.0.0.1", "::1"],
      source: "gunicorn",
      fallback: { variable: "FORWARDED_ALLOW_IPS" },
      doc: "Front ends whose `X-Forwarded-*` and `Forwarded` are believed: addresses, networks such as `10.0.0.0/8`, `unix` for peers on a unix socket, `*` for everybody. From anybody else these fields say nothing about the client.",
    },
    proxyProtocol: {
      type: "choice",
      choices: ["off", "v1", "v2", "auto"],
      default: "off",
      bare: "auto",
      source: "gunicorn",
      doc: "PROXY protocol at the begin of each connection. Without a value the flag means `auto`.",
    },
    proxyAllowIps: {
      type: "list",
      item: "network",
      default: ["127.0.0.1", "::1"],
      aliases: ["proxy-allow-from"],
      source: "gunicorn",
      doc: "Who may send PROXY headers, as in `--forwarded-allow-ips`. Peers on a unix socket always may.",
    },
  },
} as const satisfies Section;
