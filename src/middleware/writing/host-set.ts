// Hosts that an option lists, with patterns for all below a name. Source: Django's ALLOWED_HOSTS for the patterns.
import { MiddlewareOptionError } from "../errors.ts";
import { configuredHost } from "./host.ts";

/** Names (`shop.example`), names including all subdomains (`.shop.example`), or only subdomains (`*.shop.example`). Ports are ignored. */
export class HostSet {
  readonly #exact = new Set<string>();
  readonly #below = new Set<string>();
  readonly #longest: number;

  /** @throws MiddlewareOptionError when the list is empty, or an entry is no host */
  constructor(entries: readonly string[], option: string) {
    for (const entry of entries) {
      const [, prefix, name = ""] = /^(\*?\.)?(.*)$/.exec(entry) ?? [];
      const host = configuredHost(name);
      if (host === null || host.port !== null) {
        throw new MiddlewareOptionError(
          `Option "${option}" has the entry "${entry}"; expected "name", ".name" or "*.name"`,
        );
      }
      if (prefix !== "*.") this.#exact.add(host.name);
      if (prefix !== undefined) this.#below.add(host.name);
    }
    if (this.#exact.size + this.#below.size === 0) {
      throw new MiddlewareOptionError(`Option "${option}" is empty; expected names of hosts`);
    }
    this.#longest = Math.max(0, ...Array.from(this.#below, (name) => name.length));
  }

  /** Whether a name is in the list itself, and not only below one that is. */
  lists(name: string): boolean {
    return this.#exact.has(name);
  }

  has(name: string): boolean {
    if (this.#exact.has(name)) return true;
    // Names longer than all that are listed are passed over: to look each up takes time that grows with the square of the name.
    for (let dot = name.indexOf(".", name.length - this.#longest - 1); dot !== -1; dot = name.indexOf(".", dot + 1)) {
      if (this.#below.has(name.slice(dot + 1))) return true;
    }
    return false;
  }
}
