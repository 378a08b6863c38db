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
      doc: "Certificate chain in PEM. The file may also contain the key.",
    },
    caCerts: {
      type: "text",
      default: null,
      value: "file",
      source: "gunicorn",
      doc: "CA certificates in PEM, to check client certificates.",
    },
    certReqs: {
      type: "choice",
      choices: ["0", "1", "2"],
      default: "0",
      source: "gunicorn",
      doc: "Client certificates: 0 not requested, 1 optional, 2 required.",
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
