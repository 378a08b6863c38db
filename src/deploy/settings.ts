// A set of configuration values that remembers where each came from, and what it replaced.
// Contexts share these objects where PasteDeploy shares its dictionaries: an override through `use` must reach every holder.
import type { Place } from "./errors.ts";

/** Values as a factory receives them. It has no prototype, so that any key is only data. */
export type Configuration = Record<string, string>;

/** How a value came to where it is. */
export type OriginKind = "builtin" | "caller" | "default" | "key" | "set" | "get";

/** Where a value came from: how, and the place of the key that wrote it. */
export interface Origin extends Place {
  readonly kind: OriginKind;
}

/** A value with its origin and, when it replaced another, that one. */
export interface Setting {
  readonly value: string;
  readonly origin: Origin;
  readonly replaced?: Setting;
}

/** Ordered values with their origins. */
export class Settings implements Iterable<[key: string, setting: Setting]> {
  readonly #settings: Map<string, Setting>;

  constructor(source?: Settings) {
    this.#settings = new Map(source === undefined ? [] : source.#settings);
  }

  has(key: string): boolean {
    return this.#settings.has(key);
  }

  get(key: string): Setting | undefined {
    return this.#settings.get(key);
  }

  /** Writes a value; what was there is remembered as replaced. */
  set(key: string, value: string, origin: Origin): void {
    this.put(key, { value, origin });
  }

  /** Writes a setting of another set, keeping its origin. */
  put(key: string, setting: Setting): void {
    const earlier = this.#settings.get(key);
    // The same key of the same file again (through "use") replaces nothing, and must not lose what it replaced before.
    if (earlier !== undefined && earlier.origin === setting.origin && earlier.value === setting.value) return;
    this.#settings.set(
      key,
      earlier === undefined ? setting : { value: setting.value, origin: setting.origin, replaced: earlier },
    );
  }

  /** Writes all settings of another set over the own ones. */
  update(other: Settings): void {
    for (const [key, setting] of other.#settings) this.put(key, setting);
  }

  /** Removes a key and returns what it held. */
  take(key: string): Setting | undefined {
    const setting = this.#settings.get(key);
    this.#settings.delete(key);
    return setting;
  }

  keys(): IterableIterator<string> {
    return this.#settings.keys();
  }

  [Symbol.iterator](): IterableIterator<[string, Setting]> {
    return this.#settings.entries();
  }

  /** The values alone, as a new object. */
  toObject(): Configuration {
    const values = Object.create(null) as Configuration;
    for (const [key, setting] of this.#settings) values[key] = setting.value;
    return values;
  }
}
