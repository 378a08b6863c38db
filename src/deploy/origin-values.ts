// A set of configuration values that remembers where each came from, and what it replaced.
// Contexts share these objects where PasteDeploy shares its dictionaries: an override through `use` must reach every holder.
import type { Place } from "./errors.ts";

/** Values as a factory receives them. The object has no prototype, so any key is just data. */
export type Configuration = Readonly<Record<string, string>>;

/** How a value came to where it is. */
export type OriginKind = "builtin" | "caller" | "default" | "key" | "set" | "get";

/** Where a value came from: how, and the place of the key that wrote it. */
export interface Origin extends Place {
  readonly kind: OriginKind;
}

/** A value with its origin and, when it replaced another, that one. */
export interface OriginValue {
  readonly value: string;
  readonly origin: Origin;
  readonly replaced?: OriginValue;
}

/** Ordered values with their origins. A copy shares its values with the original until one of the two is written to. */
export class OriginValues implements Iterable<[key: string, setting: OriginValue]> {
  #settings: Map<string, OriginValue>;
  #isShared: boolean;

  /** @param source - to copy; empty without it */
  constructor(source?: OriginValues) {
    this.#settings = source === undefined ? new Map() : source.#settings;
    this.#isShared = source !== undefined;
    if (source !== undefined) source.#isShared = true;
  }

  has(key: string): boolean {
    return this.#settings.has(key);
  }

  get(key: string): OriginValue | undefined {
    return this.#settings.get(key);
  }

  /** Writes a value; what was there is remembered as replaced. */
  set(key: string, value: string, origin: Origin): void {
    this.put(key, { value, origin });
  }

  /** Writes a setting of another set, keeping its origin. */
  put(key: string, setting: OriginValue): void {
    const earlier = this.#settings.get(key);
    // The same key of the same file again (through "use") replaces nothing, and must not lose what it replaced before.
    if (earlier !== undefined && isSame(earlier, setting)) return;
    this.#own().set(key, earlier === undefined ? setting : over(setting, earlier));
  }

  /** Writes all settings of another set over the own ones. */
  update(other: OriginValues): void {
    if (other.#settings === this.#settings) return;
    other.#settings.forEach((setting, key) => this.put(key, setting));
  }

  /** Removes a key and returns what it held. */
  take(key: string): OriginValue | undefined {
    const setting = this.#settings.get(key);
    if (setting !== undefined) this.#own().delete(key);
    return setting;
  }

  keys(): IterableIterator<string> {
    return this.#settings.keys();
  }

  [Symbol.iterator](): IterableIterator<[string, OriginValue]> {
    return this.#settings.entries();
  }

  /** Every value with its key, also those that were replaced. */
  *everyValue(): Generator<[key: string, value: string]> {
    for (const [key, last] of this.#settings) {
      for (let setting: OriginValue | undefined = last; setting !== undefined; setting = setting.replaced) {
        yield [key, setting.value];
      }
    }
  }

  /** The values alone, as a new object. */
  toObject(): Configuration {
    const values = Object.create(null) as Record<string, string>;
    this.#settings.forEach((setting, key) => (values[key] = setting.value));
    return values;
  }

  /** The values, to be written to. */
  #own(): Map<string, OriginValue> {
    if (this.#isShared) this.#settings = new Map(this.#settings);
    this.#isShared = false;
    return this.#settings;
  }
}

/** A setting over an earlier one; what it replaced (or copied) before stays between the two. */
function over({ value, origin, replaced }: OriginValue, earlier: OriginValue): OriginValue {
  const isNext = replaced === undefined || isSame(replaced, earlier);
  return { value, origin, replaced: isNext ? earlier : over(replaced, earlier) };
}

function isSame(one: OriginValue, other: OriginValue): boolean {
  return one.origin === other.origin && one.value === other.value;
}
