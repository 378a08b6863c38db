// Replaces %(name)s in values, as Python's BasicInterpolation does, and adds %(ENV:NAME)s and %(ENV:NAME:-default)s for environment
// variables. Source of the default's form: POSIX shells, "Parameter Expansion", which Docker's Compose takes over.
// Source: CPython's configparser, "Interpolation of values".
import { DeployError, type Place } from "./errors.ts";
import { shownValue } from "../secret-name.ts";
import { suggestion } from "../nearest-name.ts";

/** A value before interpolation. A literal one came from outside the file (the caller, the environment) and is final. */
export interface RawValue {
  readonly text: string;
  readonly isLiteral: boolean;
}

/** Where the names in a value are looked up. */
export interface InterpolationScope {
  lookup(name: string): RawValue | undefined;
  /** All names that could have been meant, for messages. */
  names(): string[];
}

/** How deep values may refer to values. Source: CPython's MAX_INTERPOLATION_DEPTH. */
export const MAX_DEPTH = 10;

/** An environment variable with a default, which may hold references itself, or any name. */
const REFERENCE = /%\((?:(ENV:[^():]+):-((?:[^()]|\([^()]*\))*)|([^)]+))\)s/y;
const ENVIRONMENT = "ENV:";

/**
 * Interpolates one value.
 *
 * @param text - the value as written
 * @param scope - own section first, then the defaults
 * @param place - of the key, for messages
 * @returns the text with references replaced and `%%` turned into `%`
 * @throws {DeployError} for a bare `%`, an unknown name, an environment variable that is not set and has no default, more than {@link MAX_DEPTH} levels
 */
export function interpolate(text: string, scope: InterpolationScope, place: Place): string {
  return text.includes("%") ? expand(text, { name: place.key ?? "", scope, place }, 1) : text;
}

/** A value that is expanded: by which name, where names are looked up, and the place of the key that was asked for. */
interface Expansion {
  readonly name: string;
  readonly scope: InterpolationScope;
  readonly place: Place;
}

function expand(text: string, expansion: Expansion, depth: number): string {
  const { scope, place } = expansion;
  if (depth > MAX_DEPTH) {
    const what = `Interpolation of "${shownValue(expansion.name, text)}" goes deeper than ${MAX_DEPTH} levels; expected values that do not refer to each other in a circle`;
    throw new DeployError("ERR_TSGI_INTERPOLATION_DEPTH", what, place);
  }
  let result = "";
  let position = 0;
  for (;;) {
    const percent = text.indexOf("%", position);
    if (percent === -1) return result + text.slice(position);
    result += text.slice(position, percent);
    if (text[percent + 1] === "%") {
      result += "%";
      position = percent + 2;
      continue;
    }
    REFERENCE.lastIndex = percent;
    const [whole = "", variable, fallback, name = variable] = REFERENCE.exec(text) ?? [];
    if (name === undefined) {
      const what = `Value "${shownValue(expansion.name, text)}" has a bare "%"; expected "%%" for a percent sign or "%(name)s" for a value`;
      throw new DeployError("ERR_TSGI_INTERPOLATION_SYNTAX", what, place);
    }
    const found = scope.lookup(name) ?? environmentValue(name, fallback);
    if (found === undefined) throw missingName(name, scope, place);
    const isFinal = found.isLiteral || !found.text.includes("%");
    result += isFinal ? found.text : expand(found.text, { name, scope, place }, depth + 1);
    position = percent + whole.length;
  }
}

/** @param fallback - counts as in a shell: also for a variable that is empty */
function environmentValue(name: string, fallback: string | undefined): RawValue | undefined {
  if (!name.startsWith(ENVIRONMENT)) return undefined;
  const text = process.env[name.slice(ENVIRONMENT.length)];
  if (fallback !== undefined && (text === undefined || text === "")) return { text: fallback, isLiteral: false };
  return text === undefined ? undefined : { text, isLiteral: true };
}

function missingName(name: string, scope: InterpolationScope, place: Place): DeployError {
  const isEnvironment = name.startsWith(ENVIRONMENT);
  const what = isEnvironment
    ? `Environment variable "${name.slice(ENVIRONMENT.length)}" is not set, but "%(${name})s" needs it; set it, or give a default: "%(${name}:-default)s"`
    : `Name "${name}" in "%(${name})s" is neither in this section nor in [DEFAULT]${suggestion(name, scope.names())}`;
  return new DeployError("ERR_TSGI_INTERPOLATION_MISSING", what, place);
}
