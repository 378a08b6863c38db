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
      doc: "Proxies whose forwarded headers are trusted: addresses, networks such as `10.0.0.0/8`, `unix` for peers on a unix socket, `*` for everybody. From all other peers, these headers are ignored.",
    },
    forwardedHeaders: {
      type: "list",
      item: "field",
      default: ["X-Forwarded-For", "X-Forwarded-Proto"],
      source: "tsgi",
      doc: "Headers that these proxies set; replaces the default. A proxy passes on all other headers as the client wrote them, so name only those that yours sets: `X-Forwarded-For`, `X-Forwarded-Proto`, `X-Forwarded-Host`, `X-Forwarded-Port`, `X-Forwarded-Prefix`, `Forwarded`, `SCRIPT_NAME`. [Behind proxies](proxies.md) explains what each one changes.",
    },
    gatewayAllowIps: {
      type: "list",
      item: "network",
      default: ["127.0.0.1", "::1"],
      source: "tsgi",
      doc: "Web servers that may connect by TCP to `fastcgi://`, `scgi://` and `uwsgi://` addresses, in the form of `--forwarded-allow-ips`. They say what every request is and who sends it, so all others are turned away. Peers on a unix socket are always included.",
    },
    trustRemoteUser: {
      type: "boolean",
      default: false,
      source: "tsgi",
      doc: "Pass on `REMOTE_USER` and `AUTH_TYPE` as a web server in front sends them by FastCGI, SCGI or uwsgi. Leave it off unless that server checks passwords: nginx's usual parameters set `REMOTE_USER` to whatever name a client claims.",
    },
    scriptName: {
      type: "text",
      value: "url-path",
      default: "",
      pattern: /^(?:\/(?![/\\])[^?#\s]*)?$/,
      expected: 'a path such as "/shop", without a query',
      source: "tsgi",
      fallback: { variable: "SCRIPT_NAME" },
      doc: "Path at which the application is mounted, for `SCRIPT_NAME`. It is removed from the `PATH_INFO` of requests that start with it. Like gunicorn, the server also reads it from the variable `SCRIPT_NAME`.",
    },
    urlPrefix: {
      type: "text",
      default: null,
      value: "path",
      source: "tsgi",
      doc: "Path at which a front end serves the application, if the front end does not say so. It becomes SCRIPT_NAME, and is removed from the path if it is still there. Waitress's `url_prefix`.",
    },
    urlScheme: {
      type: "choice",
      choices: ["auto", "http", "https"],
      default: "auto",
      source: "tsgi",
      doc: "Scheme of the application's links, if a front end terminates TLS and does not say so. `auto`: the scheme of the connection, or the one that a trusted front end reports. Waitress's `url_scheme`.",
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
      doc: "Peers that send PROXY headers, in the form of `--forwarded-allow-ips`. Peers on a unix socket are always included.",
    },
  },
} as const satisfies Section;
