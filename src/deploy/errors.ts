// Errors of the deploy room: a mistake in a configuration file, with the place where it stands.
import { TSGIError } from "../errors.ts";

/** A place in a configuration file; what is unknown is absent. Lines and columns count from 1. */
export interface Place {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly section?: string;
  readonly key?: string;
}

/** Codes of `DeployError`: each way in which loading a configuration can fail. */
export type DeployErrorCode =
  | "ERR_TSGI_INI_NO_SECTION"
  | "ERR_TSGI_INI_SYNTAX"
  | "ERR_TSGI_INI_DUPLICATE_SECTION"
  | "ERR_TSGI_INI_DUPLICATE_KEY"
  | "ERR_TSGI_INTERPOLATION_SYNTAX"
  | "ERR_TSGI_INTERPOLATION_MISSING"
  | "ERR_TSGI_INTERPOLATION_DEPTH"
  | "ERR_TSGI_DEPLOY_URI"
  | "ERR_TSGI_DEPLOY_RELATIVE"
  | "ERR_TSGI_DEPLOY_FILE"
  | "ERR_TSGI_DEPLOY_SECTION_MISSING"
  | "ERR_TSGI_DEPLOY_SECTION_AMBIGUOUS"
  | "ERR_TSGI_DEPLOY_NO_FACTORY"
  | "ERR_TSGI_DEPLOY_MULTIPLE_PROTOCOLS"
  | "ERR_TSGI_DEPLOY_KEY_MISSING"
  | "ERR_TSGI_DEPLOY_KEY_EXTRA"
  | "ERR_TSGI_DEPLOY_PIPELINE_EMPTY"
  | "ERR_TSGI_DEPLOY_GLOBAL_MISSING"
  | "ERR_TSGI_DEPLOY_CYCLE"
  | "ERR_TSGI_DEPLOY_FACTORY"
  | "ERR_TSGI_DEPLOY_REQUIRE"
  | "ERR_TSGI_DEPLOY_VALUE";

/** What an error can have in addition to its place. */
export interface DeployErrorOptions extends ErrorOptions {
  /** More text for a terminal, below the message: the traceback of another language. */
  readonly detail?: string;
  /** @default 3; 5 for a file that does not exist, as for a target of any other kind */
  readonly exitCode?: number;
}

/**
 * A configuration cannot be loaded. The message ends with the place (file, line, column, section, key), which programs can read as properties.
 *
 * @param code - what went wrong
 * @param what - the sentence, without the place
 * @param place - where it stands
 */
export class DeployError extends TSGIError {
  declare readonly code: DeployErrorCode;
  /** The message without the place. */
  readonly what: string;
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly section: string | undefined;
  readonly key: string | undefined;
  /** More text for a terminal, below the message; may be empty. */
  readonly detail: string;
  /** Exit code of a command that needed the configuration and could not start. */
  readonly exitCode: number;

  constructor(code: DeployErrorCode, what: string, place: Place = {}, options: DeployErrorOptions = {}) {
    super("configuration", code, what + describePlace(place), options);
    this.what = what;
    this.file = place.file;
    this.line = place.line;
    this.column = place.column;
    this.section = place.section;
    this.key = place.key;
    this.detail = options.detail ?? "";
    this.exitCode = options.exitCode ?? 3;
  }
}

/**
 * The same error at a place, for what was found by somebody who knows no places.
 *
 * @param hide - takes secrets out of what it says @default nothing is taken out
 */
export function placedError(error: DeployError, place: Place, hide = (text: string): string => text): DeployError {
  return new DeployError(error.code, hide(error.what), place, {
    cause: error,
    detail: hide(error.detail),
    exitCode: error.exitCode,
  });
}

/**
 * Says where something stands, ready to be put after a sentence.
 *
 * @returns for example ` (file "/srv/app.ini", line 12, section [app:main], key "use")`; empty when nothing is known
 */
export function describePlace(place: Place): string {
  const parts: string[] = [];
  if (place.file !== undefined) parts.push(`file "${place.file}"`);
  if (place.line !== undefined) parts.push(`line ${place.line}`);
  if (place.column !== undefined) parts.push(`column ${place.column}`);
  if (place.section !== undefined) parts.push(`section [${place.section}]`);
  if (place.key !== undefined) parts.push(`key "${place.key}"`);
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}
