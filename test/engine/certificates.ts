// Certificates for tests, made by openssl in a folder of their own.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A private key with its certificate, in PEM. */
export interface Identity {
  readonly key: Buffer;
  readonly cert: Buffer;
}

/** Makes a self-signed identity for each name. */
export function makeIdentities<Name extends string>(...names: Name[]): Record<Name, Identity> {
  const folder = mkdtempSync(join(tmpdir(), "tsgi-certificates-"));
  try {
    const entries = names.map((name) => {
      const key = join(folder, `${name}.key`);
      const cert = join(folder, `${name}.crt`);
      const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`];
      const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
      execFileSync("openssl", ["req", "-x509", ...kind, "-keyout", key, "-out", cert, ...subject], { stdio: "ignore" });
      return [name, { key: readFileSync(key), cert: readFileSync(cert) }] as const;
    });
    return Object.fromEntries(entries) as Record<Name, Identity>; // one entry for each name
  } finally {
    rmSync(folder, { recursive: true });
  }
}
