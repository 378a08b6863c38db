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
      isCommon: true,
      doc: "Proxies whose forwarded headers are trusted: addresses, networks such as `10.0.0.0/8`, `unix` for peers on a unix socket, `*` for everybody. From anybody else these headers say nothing about the client.",
    },
    forwardedHeaders: {
      type: "list",
      item: "field",
      default: ["X-Forwarded-For", "X-Forwarded-Proto"],
      source: "tsgi",
      doc: "Headers that these proxies set; replaces the default. A proxy passes on what it does not set itself, as the client wrote it, so name only what yours sets: `X-Forwarded-For`, `X-Forwarded-Proto`, `X-Forwarded-Host`, `X-Forwarded-Port`, `X-Forwarded-Prefix`, `Forwarded`, `SCRIPT_NAME`. [Behind proxies](proxies.md) says what each one changes.",
    },
    scriptName: {
      type: "text",
      value: "url-path",
      default: "",
      pattern: /^(?:\/(?![/\\])[^?#\s]*)?$/,
      expected: 'a path such as "/shop", without a query',
      source: "tsgi",
      fallback: { variable: "SCRIPT_NAME" },
      doc: "Path at which the application is mounted, for `SCRIPT_NAME`. Requests whose path begins with it have it removed from `PATH_INFO`. Like gunicorn, the server also reads it from the variable `SCRIPT_NAME`.",
    },
    urlPrefix: {
      type: "text",
      default: null,
      value: "path",
      source: "tsgi",
      doc: "Path under which a front end has the application, when the front end does not say so: it becomes SCRIPT_NAME, and is taken off the path where it is still there. Waitress's `url_prefix`.",
    },
    urlScheme: {
      type: "choice",
      choices: ["auto", "http", "https"],
      default: "auto",
      source: "tsgi",
      doc: "Scheme of the application's links, when a front end ends TLS and does not say so. `auto`: that of the connection, or what a trusted front end says. Waitress's `url_scheme`.",
    },
    proxyProtocol: {
      type: "choice",
      choices: ["off", "v1", "v2", "auto"],
      default: "off",
      bare: "auto",
      source: "gunicorn",
      doc: "PROXY protocol at the start of each connection. Without a value the flag means `auto`.",
    },
    proxyAllowIps: {
      type: "list",
      item: "network",
      default: ["127.0.0.1", "::1"],
      aliases: ["proxy-allow-from"],
      source: "gunicorn",
      doc: "Who may send PROXY headers, in the form of `--forwarded-allow-ips`. Peers on a unix socket always may.",
    },
  },
} as const satisfies Section;
