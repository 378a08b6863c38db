// Resolves a URI to a context: opens the file of config:, refers to the package of egg: and the module of call:.
// Source: PasteDeploy, "Basic Usage". Nothing is imported here; that comes when the object is built.
import { ConfigLoader } from "./config-loader.ts";
import type { Context, ContextLoader, FactoryReference } from "./context.ts";
import { DeployError, type Place } from "./errors.ts";
import type { ObjectType } from "./object-type.ts";
import type { LoadSession } from "./load-session.ts";
import { OriginValues } from "./origin-values.ts";
import { configPath, isAbsoluteName, splitUri } from "./uri.ts";

/**
 * Resolves a URI.
 *
 * @param wanted - the type of object
 * @param uri - `config:`, `egg:` or `call:`
 * @param name - beats the fragment of the URI
 * @param relativeTo - directory for relative paths, and where a module is searched first; null outside a file
 * @param globals - handed down
 * @param place - of the key that holds the URI, for messages
 */
export function resolveUri(
  session: LoadSession,
  wanted: ObjectType,
  uri: string,
  name: string | null,
  relativeTo: string | null,
  globals: OriginValues | null,
  place: Place,
): Context {
  const parts = splitUri(uri, name, place);
  switch (parts.scheme) {
    case "config":
      return openConfig(session, configPath(parts.path, relativeTo, place), globals, place).resolve(
        wanted,
        parts.name,
        globals,
        place,
      );
    case "egg":
      return new EggLoader(session, parts.path, relativeTo).resolve(wanted, parts.name, globals, place);
    case "call": {
      if (!parts.path.includes(":")) {
        const what = `URI "${uri}" is not in the format "call:module:factory"`;
        throw new DeployError("ERR_TSGI_DEPLOY_URI", what, place);
      }
      const loader = new EggLoader(session, "", relativeTo);
      const reference = { kind: "call" as const, spec: parts.path, directory: relativeTo ?? process.cwd(), place };
      return factoryContext(session, wanted, reference, globals, loader);
    }
  }
}

/**
 * Opens a configuration file.
 *
 * @param path - absolute
 * @param globals - names for interpolation, where the file has no default of that name
 */
export function openConfig(
  session: LoadSession,
  path: string,
  globals: OriginValues | null,
  place: Place,
): ConfigLoader {
  const file = session.readFile(path, place);
  return new ConfigLoader(session, file, globals, (wanted, uri, relativeTo, inner, from) =>
    resolveUri(session, wanted, uri, null, relativeTo, inner, from),
  );
}

/** The loader of a package: names are those of its entry points. */
class EggLoader implements ContextLoader {
  readonly filename = null;
  readonly file = null;
  readonly #session: LoadSession;
  readonly #distribution: string;
  readonly #directory: string | null;

  constructor(session: LoadSession, distribution: string, directory: string | null) {
    this.#session = session;
    this.#distribution = distribution;
    this.#directory = directory;
  }

  has(): boolean {
    return false;
  }

  resolve(wanted: ObjectType, name: string | null, globals: OriginValues | null, place: Place): Context {
    if (isAbsoluteName(name)) {
      return this.#session.follow(name, place, () =>
        resolveUri(this.#session, wanted, name, null, this.#directory, globals, place),
      );
    }
    const directory = this.#directory ?? process.cwd();
    const distribution = this.#distribution;
    const reference = { kind: "egg" as const, distribution, name: name ?? "main", directory, place };
    return factoryContext(this.#session, wanted, reference, globals, this);
  }
}

function factoryContext(
  session: LoadSession,
  wanted: ObjectType,
  reference: FactoryReference,
  globals: OriginValues | null,
  loader: ContextLoader,
): Context {
  return {
    kind: "factory",
    wanted,
    section: null,
    users: [],
    place: reference.place,
    // Shared with the section that uses it, as in PasteDeploy: what that section sets must arrive here.
    globals: globals ?? new OriginValues(),
    locals: new OriginValues(),
    requires: [],
    loader,
    warnings: session.warnings,
    protocol: null,
    reference,
  };
}
