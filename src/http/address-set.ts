// A set of addresses and networks, asked for each connection or request. Source: RFC 4632 (CIDR); RFC 4291 section 2.5.5.2 (IPv4-mapped
// addresses); node:net's BlockList does the arithmetic.
import { BlockList, isIP } from "node:net";
import { ownText } from "./own-text.ts";

/** Verdicts remembered at most: behind a proxy there are few peers, and clients that come directly must not fill memory. */
const MAX_REMEMBERED = 1024;
const NETWORK = /^([\da-f.:]+)\/(\d{1,3})$/i;

/** Addresses and networks. */
export class AddressSet {
  readonly #networks = new BlockList();
  readonly #verdicts = new Map<string, boolean>();

  /**
   * Adds an entry, before anybody asks.
   *
   * @param entry - `192.0.2.1`, `10.0.0.0/8`, `2001:db8::/32`
   * @returns false when it is neither an address nor a network
   */
  add(entry: string): boolean {
    const [, address = entry, bits] = NETWORK.exec(entry) ?? [];
    const family = isIP(address);
    if (family === 0) return false;
    const most = family === 6 ? 128 : 32;
    const length = bits === undefined ? most : Number(bits);
    if (length > most) return false;
    const type = family === 6 ? "ipv6" : "ipv4";
    if (length > 0) {
      this.#networks.addSubnet(address, length, type);
    } else {
      // BlockList refuses a prefix of no bits: two halves are the whole.
      this.#networks.addSubnet(family === 6 ? "::" : "0.0.0.0", 1, type);
      this.#networks.addSubnet(family === 6 ? "8000::" : "128.0.0.0", 1, type);
    }
    return true;
  }

  /** @param address - without brackets and port. What is no address is in no set. */
  has(address: string): boolean {
    const known = this.#verdicts.get(address);
    if (known !== undefined) return known;
    const family = isIP(address);
    const verdict = family !== 0 && this.#networks.check(address, family === 6 ? "ipv6" : "ipv4");
    if (this.#verdicts.size >= MAX_REMEMBERED) this.#verdicts.clear();
    this.#verdicts.set(ownText(address), verdict);
    return verdict;
  }
}
