// Whom the server believes when it speaks for others. Source: gunicorn's forwarded_allow_ips, with networks and unix sockets.
import { TSGIError } from "../errors.ts";
import { AddressSet } from "../http/address-set.ts";

/** A list of trusted peers cannot be read. */
export class TrustError extends TSGIError {
  constructor(entry: string) {
    super(
      "configuration",
      "ERR_TSGI_TRUSTED_PEERS",
      `Cannot read the trusted peer "${entry}"; expected an address, a network such as 10.0.0.0/8, "unix" or "*"`,
    );
  }
}

/** A set of addresses and networks. */
export class TrustedProxies {
  readonly #addresses = new AddressSet();
  readonly #isEverybody: boolean;
  readonly #isUnixTrusted: boolean;

  private constructor(entries: readonly string[]) {
    this.#isEverybody = entries.includes("*");
    this.#isUnixTrusted = this.#isEverybody || entries.includes("unix") || entries.includes("unix:");
    for (const entry of entries) {
      if (!/^(?:\*|unix:?)$/.test(entry) && !this.#addresses.add(entry)) throw new TrustError(entry);
    }
  }

  /**
   * Reads a list.
   *
   * @param list - addresses and networks (IPv4, IPv6), `unix` (or `unix:`) for peers on unix sockets, `*` for everybody; one text is
   *   split at commas
   * @throws TrustError when an entry is none of them
   */
  static parse(list: string | readonly string[]): TrustedProxies {
    const entries = typeof list === "string" ? list.split(",") : list;
    return new TrustedProxies(entries.map((entry) => entry.trim()).filter((entry) => entry !== ""));
  }

  /** @param address - without brackets and port; empty for a peer on a unix socket */
  isTrusted(address: string): boolean {
    if (this.#isEverybody) return true;
    return address === "" ? this.#isUnixTrusted : this.#addresses.has(address);
  }
}
