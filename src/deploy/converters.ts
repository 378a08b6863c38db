// Turns the strings of a configuration into booleans, numbers and lists. Source: PasteDeploy's paste.deploy.converters.
import { shownValue } from "../secret-name.ts";
import { DeployError, type Place } from "./errors.ts";
import { strip, words } from "./python-text.ts";

const TRUE = new Set(["true", "yes", "on", "y", "t", "1"]);
const FALSE = new Set(["false", "no", "off", "n", "f", "0"]);
const INTEGER = /^[+-]?\d+(?:_\d+)*$/;

/**
 * Reads a boolean, case-insensitively: true, yes, on, y, t, 1 or false, no, off, n, f, 0.
 *
 * @param value - a string, or what is converted already
 * @throws {DeployError} for any other string
 */
export function asBool(value: unknown, place: Place = {}): boolean {
  if (typeof value !== "string") return Boolean(value);
  const word = strip(value).toLowerCase();
  if (TRUE.has(word)) return true;
  if (FALSE.has(word)) return false;
  const what = `Value "${shownValue(place.key ?? "", value)}" is neither true nor false; expected one of true, yes, on, y, t, 1, false, no, off, n, f, 0`;
  throw new DeployError("ERR_TSGI_DEPLOY_VALUE", what, place);
}

/**
 * Reads a whole number in decimal.
 *
 * @throws {DeployError} for anything else, also for a number too large to be exact
 */
export function asInt(value: unknown, place: Place = {}): number {
  if (typeof value === "number" && Number.isFinite(value)) return Math.trunc(value);
  const text = typeof value === "string" ? strip(value) : "";
  const number = INTEGER.test(text) ? Number(text.replaceAll("_", "")) : Number.NaN;
  if (Number.isSafeInteger(number)) return number;
  const what = `Bad integer value "${shownValue(place.key ?? "", String(value))}"; expected digits`;
  throw new DeployError("ERR_TSGI_DEPLOY_VALUE", what, place);
}

/**
 * Reads a list.
 *
 * @param value - a string to split; an array is returned as it is, null and undefined give an empty list
 * @param separator - where to split; white space when null
 * @param isStripped - whether white space around the items is removed
 */
export function asList(value: unknown, separator: string | null = null, isStripped = true): unknown[] {
  if (typeof value === "string") {
    if (separator === null) return words(value);
    const items = value.split(separator);
    return isStripped ? items.map(strip) : items;
  }
  if (Array.isArray(value)) return value as unknown[];
  return value === null || value === undefined ? [] : [value];
}

/**
 * Reads `KEY=value` arguments of a command line into a `globalConf`.
 *
 * @throws {DeployError} for an argument without `=` or without a key
 */
export function asGlobalConf(argumentList: readonly string[]): Record<string, string> {
  const values: Record<string, string> = {};
  for (const argument of argumentList) {
    const equals = argument.indexOf("=");
    if (equals < 1) {
      throw new DeployError("ERR_TSGI_DEPLOY_VALUE", `Cannot use the argument "${argument}"; expected KEY=value`);
    }
    values[argument.slice(0, equals)] = argument.slice(equals + 1);
  }
  return values;
}
