// A part of an application: routes, hooks and error handlers of their own, registered below a prefix, once or several times.
// Source: Flask's blueprints.
import { FrameworkError } from "./errors.ts";
import type { OwnConverters } from "./rule-params.ts";
import { Scaffold } from "./scaffold.ts";

/** Where a blueprint belongs. */
export interface BlueprintOptions<
  Own extends object,
  Prefix extends string = string,
  Subdomain extends string = string,
> {
  /** Path in front of its rules; it may have values. @default "" */
  readonly prefix?: Prefix;
  /** Only for this subdomain of the application's `serverName`; `<tenant>` is a value. @default that of what it is registered with */
  readonly subdomain?: Subdomain;
  /** Further converters for its rules. */
  readonly converters?: Own & OwnConverters;
}

/**
 * A part of an application.
 *
 * @example
 * const admin = new Blueprint("admin", { prefix: "/admin" });
 * admin.get("/", { name: "index" }, () => "Hello");
 * app.register(admin); // urlFor("admin.index")
 */
export class Blueprint<
  Own extends object = object,
  const Prefix extends string = "",
  const Subdomain extends string = "",
> extends Scaffold<Own, `${Subdomain}${Prefix}`> {
  readonly name: string;
  readonly prefix: string;
  readonly subdomain: string | null;
  #isRegistered = false;

  /**
   * @param name - stands in front of the names of its routes, with a dot
   * @throws FrameworkError for a name with a dot, or a prefix that is no path
   */
  constructor(name: string, options: BlueprintOptions<Own, Prefix, Subdomain> = {}) {
    super(options.converters, null);
    if (!/^[^.\s]+$/.test(name))
      throw new FrameworkError(`Blueprint "${name}" has a name with a dot or a blank, or none`);
    this.name = name;
    this.prefix = options.prefix ?? "";
    this.subdomain = options.subdomain ?? null;
  }

  /** Refuses further routes and hooks: those that it has are registered. */
  close(): void {
    this.#isRegistered = true;
  }

  protected override checkOpen(what: string): void {
    if (!this.#isRegistered) return;
    throw new FrameworkError(`Cannot ${what}: the blueprint "${this.name}" is registered already; do it before`);
  }

  protected override defined(): void {}

  protected override registered(): void {}
}
