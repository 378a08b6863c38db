// Whom the server believes when it speaks for others. Source: gunicorn's forwarded_allow_ips, with networks and unix sockets.
import { BlockList, isIP } from "node:net";
import { TSGIError } from "../errors.ts";

/** Verdicts remembered at most: behind a proxy there are few peers, and clients that come directly must not fill memory. */
const MAX_REMEMBERED = 1024;
const NETWORK = /^([\da-f.:]+)\/(\d{1,3})$/i;

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
  readonly #networks = new BlockList();
  readonly #verdicts = new Map<string, boolean>();
  readonly #isEverybody: boolean;
  readonly #isUnixTrusted: boolean;

  private constructor(entries: readonly string[]) {
    this.#isEverybody = entries.includes("*");
    this.#isUnixTrusted = this.#isEverybody || entries.includes("unix") || entries.includes("unix:");
    for (const entry of entries) if (!/^(?:\*|unix:?)$/.test(entry)) this.#add(entry);
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
    if (address === "") return this.#isUnixTrusted;
    const known = this.#verdicts.get(address);
    if (known !== undefined) return known;
    const family = isIP(address);
    const verdict = family !== 0 && this.#networks.check(address, family === 6 ? "ipv6" : "ipv4");
    if (this.#verdicts.size >= MAX_REMEMBERED) this.#verdicts.clear();
    this.#verdicts.set(address, verdict);
    return verdict;
  }

  #add(entry: string): void {
    const [, address = entry, bits] = NETWORK.exec(entry) ?? [];
    const family = isIP(address);
    if (family === 0) throw new TrustError(entry);
    const type = family === 6 ? "ipv6" : "ipv4";
    if (bits === undefined) this.#networks.addAddress(address, type);
    else if (Number(bits) > (family === 6 ? 128 : 32)) throw new TrustError(entry);
    else if (Number(bits) > 0) this.#networks.addSubnet(address, Number(bits), type);
    else {
      // node refuses a prefix of no bits.
      this.#networks.addSubnet(family === 6 ? "::" : "0.0.0.0", 1, type);
      this.#networks.addSubnet(family === 6 ? "8000::" : "128.0.0.0", 1, type);
    }
  }
}
