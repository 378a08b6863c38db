// The addresses, networks and unix sockets that an option names.
import { AddressSet } from "../../http/address-set.ts";
import { MiddlewareOptionError } from "../errors.ts";

/** Addresses, networks, and the peers of unix sockets. */
export class NetworkSet {
  readonly #addresses = new AddressSet();
  readonly #hasUnix: boolean;

  /**
   * @param entries - `192.0.2.1`, `10.0.0.0/8`, `2001:db8::/32`, or `unix` for peers that have no address
   * @param option - name of the option, for errors
   * @throws MiddlewareOptionError when an entry is none of them
   */
  constructor(entries: readonly string[], option: string) {
    this.#hasUnix = entries.includes("unix");
    for (const entry of entries) {
      if (entry === "unix" || this.#addresses.add(entry)) continue;
      throw new MiddlewareOptionError(
        `Option "${option}" has the entry "${entry}"; expected an address, a network such as "10.0.0.0/8", or "unix"`,
      );
    }
  }

  /** @param address - REMOTE_ADDR; empty on a unix socket. What is no address is in no set. */
  has(address: string): boolean {
    return address === "" ? this.#hasUnix : this.#addresses.has(address);
  }
}
