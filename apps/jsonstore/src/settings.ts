// The keys of a store in an INI file.
import { isAbsolute, resolve } from "node:path";
import { DeployError, type Configuration } from "tsgi/deploy";
import { bytes, flag, integer, oneOf, readOptions, text } from "tsgi/middleware/writing";
import type { ApiSettings } from "./api/settings.ts";
import { LIMITS } from "./limits.ts";
import type { Durability } from "./storage/sqlite/connection.ts";
import { DEFAULT_TEXT_LIMITS } from "./text/compact.ts";

/** The keys, as they are written in camelCase. */
interface StoreOptions {
  /** A path, `sqlite:PATH`, or `postgres://…`. */
  readonly database?: string;
  /** Name of the environment variable that replaces `database`. @default "JSONSTORE_URL" */
  readonly urlVariable?: string;
  /** What a write survives: the death of a process, or of the machine. @default "process" */
  readonly durability?: Durability;
  readonly readOnly?: boolean;
  readonly requireMatch?: boolean;
  readonly maxBody?: number;
  readonly maxDepth?: number;
  readonly maxKey?: number;
  readonly maxString?: number;
  readonly maxOperations?: number;
  readonly maxListeners?: number;
  readonly maxSize?: number;
  readonly pageSize?: number;
}

const SMALLEST_PAGE = 32;

/** Where a store lies, how it is opened, and how it is served. */
export interface StoreSettings {
  readonly url: string;
  readonly open: { readonly durability: Durability; readonly pageSize?: number; readonly maxSize?: number };
  /** Clients that watch, in one process. */
  readonly maxListeners: number;
  readonly api: Omit<ApiSettings, "store" | "page" | "feed" | "stopping">;
}

/**
 * Reads the keys of a section.
 *
 * @param globalConf - `here` is where relative paths start
 * @throws DeployError when it is not said where the store lies
 */
export function readSettings(
  globalConf: Configuration,
  localConf: Configuration,
  environment: Readonly<Record<string, string | undefined>>,
): StoreSettings {
  const options = readOptions<StoreOptions>(localConf, {
    database: text,
    urlVariable: text,
    durability: oneOf("process", "power"),
    readOnly: flag,
    requireMatch: flag,
    maxBody: bytes,
    maxDepth: integer,
    maxKey: bytes,
    maxString: bytes,
    maxOperations: integer,
    maxListeners: integer,
    maxSize: bytes,
    pageSize: bytes,
  });
  const { database, urlVariable = "JSONSTORE_URL", durability = "process", pageSize, maxSize } = options;
  const url = environment[urlVariable] || databaseUrl(database, globalConf["here"] ?? "");
  if (url === null) {
    throw new DeployError("ERR_TSGI_DEPLOY_VALUE", `Expected the key "database", or the variable ${urlVariable}`, {});
  }
  if (pageSize !== undefined && pageSize < SMALLEST_PAGE) {
    throw new DeployError("ERR_TSGI_DEPLOY_VALUE", `Expected at least ${SMALLEST_PAGE} bytes`, { key: "page_size" });
  }
  return {
    url,
    open: { durability, ...(pageSize !== undefined && { pageSize }), ...(maxSize !== undefined && { maxSize }) },
    maxListeners: options.maxListeners ?? LIMITS.max_listeners.default,
    api: {
      isReadOnly: options.readOnly ?? false,
      isMatchRequired: options.requireMatch ?? false,
      maxBody: options.maxBody ?? LIMITS.max_body.default,
      maxOperations: options.maxOperations ?? LIMITS.max_operations.default,
      text: {
        depth: options.maxDepth ?? DEFAULT_TEXT_LIMITS.depth,
        keyBytes: options.maxKey ?? DEFAULT_TEXT_LIMITS.keyBytes,
        stringBytes: options.maxString ?? DEFAULT_TEXT_LIMITS.stringBytes,
      },
    },
  };
}

/** Another scheme than SQLite's: whoever opens the store knows it, or refuses it without the password that may be in it. */
const OTHER_URL = /^(?:postgres(?:ql)?:|(?!sqlite:)[a-z][a-z\d+.-]*:\/\/)/i;

/** A value without a scheme is a file of SQLite; relative paths start from the INI file. */
function databaseUrl(database: string | undefined, here: string): string | null {
  if (database === undefined || database === "") return null;
  if (OTHER_URL.test(database)) return database;
  const path = database.replace(/^sqlite:/, "");
  return `sqlite:${isAbsolute(path) ? path : resolve(here, path)}`;
}
