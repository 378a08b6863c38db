// Settings of TLS.
import type { Section } from "./setting.ts";

/** TLS. */
export const TLS = {
  title: "TLS",
  settings: {
    keyfile: {
      type: "text",
      default: null,
      value: "file",
      source: "gunicorn",
      doc: "Private key in PEM. Serves https together with `--certfile`.",
    },
    certfile: {
      type: "text",
      default: null,
      value: "file",
      source: "gunicorn",
      doc: "Certificate chain in PEM. May hold the key too.",
    },
    caCerts: {
      type: "text",
      default: null,
      value: "file",
      source: "gunicorn",
      doc: "CA certificates in PEM, against which client certificates are checked.",
    },
    certReqs: {
      type: "choice",
      choices: ["0", "1", "2"],
      default: "0",
      source: "gunicorn",
      doc: "Client certificates: 0 not asked for, 1 optional, 2 required.",
    },
    ciphers: {
      type: "text",
      default: null,
      value: "list",
      source: "gunicorn",
      doc: "Cipher suites, in OpenSSL's form. Without it, Node's default list is used.",
    },
  },
} as const satisfies Section;
