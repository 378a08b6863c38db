// A set of addresses and networks, asked for each request. Source: RFC 4632 (CIDR); RFC 4291 section 2.5.5.2 (IPv4-mapped addresses);
// node:net's BlockList does the arithmetic.
import { BlockList, isIP } from "node:net";
import { MiddlewareOptionError } from "../errors.ts";

/** Verdicts that are remembered at most. */
const MAX_REMEMBERED = 1024;

/** Addresses, networks, and the peers of unix sockets. */
export class NetworkSet {
  readonly #networks = new BlockList();
  readonly #verdicts = new Map<string, boolean>();
  readonly #hasUnix: boolean;

  /**
   * @param entries - `192.0.2.1`, `10.0.0.0/8`, `2001:db8::/32`, or `unix` for peers that have no address
   * @param option - name of the option, for errors
   * @throws MiddlewareOptionError when an entry is none of them
   */
  constructor(entries: readonly string[], option: string) {
    this.#hasUnix = entries.includes("unix");
    for (const entry of entries) if (entry !== "unix") this.#add(entry, option);
  }

  /** @param address - REMOTE_ADDR; empty on a unix socket. What is no address is in no set. */
  has(address: string): boolean {
    if (address === "") return this.#hasUnix;
    const known = this.#verdicts.get(address);
    if (known !== undefined) return known;
    const family = isIP(address);
    const verdict = family !== 0 && this.#networks.check(address, family === 6 ? "ipv6" : "ipv4");
    if (this.#verdicts.size >= MAX_REMEMBERED) this.#verdicts.clear();
    this.#verdicts.set(address, verdict);
    return verdict;
  }

  #add(entry: string, option: string): void {
    const [address = "", bits, ...rest] = entry.split("/");
    const family = isIP(address);
    const most = family === 6 ? 128 : 32;
    const length = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
    if (family === 0 || rest.length > 0 || !(length <= most)) {
      throw new MiddlewareOptionError(
        `Option "${option}" has the entry "${entry}"; expected an address, a network such as "10.0.0.0/8", or "unix"`,
      );
    }
    const type = family === 6 ? "ipv6" : "ipv4";
    if (length > 0) {
      this.#networks.addSubnet(address, length, type);
      return;
    }
    // BlockList refuses a prefix of no bits: two halves are the whole.
    this.#networks.addSubnet(family === 6 ? "::" : "0.0.0.0", 1, type);
    this.#networks.addSubnet(family === 6 ? "8000::" : "128.0.0.0", 1, type);
  }
}
