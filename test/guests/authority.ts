// An authority that certifies servers and clients of tests, by openssl, in a folder of its own.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Files of a certificate. */
export interface CertifiedFiles {
  readonly cert: string;
  readonly key: string;
}

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** An authority. */
export class Authority {
  readonly folder = mkdtempSync(join(tmpdir(), "tsgi-authority-"));
  /** Its own certificate. */
  readonly ca = join(this.folder, "ca.crt");
  readonly #key = join(this.folder, "ca.key");

  constructor() {
    const subject = ["-subj", "/CN=Authority of a test"];
    this.#openssl("req", "-x509", ...KEY, "-days", "2", "-keyout", this.#key, "-out", this.ca, ...subject);
    writeFileSync(join(this.folder, "index.txt"), "");
    writeFileSync(join(this.folder, "index.txt.attr"), "unique_subject = no\n");
    writeFileSync(
      join(this.folder, "ca.cnf"),
      [
        "[ca]\ndefault_ca = it\n[it]",
        `database = ${join(this.folder, "index.txt")}\nnew_certs_dir = ${this.folder}\nrand_serial = yes`,
        "default_md = sha256\npolicy = any\n[any]\ncommonName = supplied\n",
      ].join("\n"),
    );
  }

  /**
   * Certifies somebody.
   *
   * @param name - of the files, and the common name
   * @param names - as OpenSSL has them: `DNS:localhost,IP:127.0.0.1`
   * @param from - `YYMMDDHHMMSSZ`
   * @param to - the same; long gone for what has expired
   */
  certify(name: string, names: string, from = "200101000000Z", to = "491231235959Z"): CertifiedFiles {
    const [cert, key, request, extensions] = ["crt", "key", "csr", "ext"].map((kind) =>
      join(this.folder, `${name}.${kind}`),
    ) as [string, string, string, string]; // one for each
    writeFileSync(extensions, `subjectAltName=${names}\n`);
    this.#openssl("req", ...KEY, "-keyout", key, "-out", request, "-subj", `/CN=${name}`);
    const signing = [
      "-config",
      join(this.folder, "ca.cnf"),
      "-cert",
      this.ca,
      "-keyfile",
      this.#key,
      "-batch",
      "-notext",
    ];
    this.#openssl(
      "ca",
      ...signing,
      "-in",
      request,
      "-out",
      cert,
      "-extfile",
      extensions,
      "-startdate",
      from,
      "-enddate",
      to,
    );
    return { cert, key };
  }

  /** The contents of files, for a server. */
  read({ cert, key }: CertifiedFiles): { readonly cert: Buffer; readonly key: Buffer } {
    return { cert: readFileSync(cert), key: readFileSync(key) };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  #openssl(...args: readonly string[]): void {
    execFileSync("openssl", args, { stdio: "ignore" });
  }
}
