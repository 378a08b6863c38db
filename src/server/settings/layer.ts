// One source of settings: the values it gives, each with the words for where it was found.
import { HIDDEN, isSecretName, withoutSecrets } from "../../secret-name.ts";
import { SettingError } from "../errors.ts";
import { parseValue } from "./parse-value.ts";
import { SETTINGS, type SettingName } from "./table.ts";

/** A value as a source gave it. */
export interface Given {
  readonly name: SettingName;
  readonly raw: unknown;
  /** Where it comes from, for --print-config: `--workers`, `TSGI_WORKERS`, `tsgi.config.ts:4`. */
  readonly origin: string;
  /** The same as an error names it, with the value: `--workers "many"`. */
  readonly place: string;
}

/** All that one source gives. */
export type Layer = readonly Given[];

/** A value that was read and checked. */
export interface Checked {
  readonly value: unknown;
  readonly origin: string;
}

/**
 * Reads and checks every value of a source.
 *
 * @throws SettingError naming the first that is wrong, where it was found, and what was expected
 */
export function checkLayer(layer: Layer): ReadonlyMap<SettingName, Checked> {
  const checked = new Map<SettingName, Checked>();
  for (const { name, raw, origin, place } of layer) {
    const parsed = parseValue(SETTINGS[name], raw);
    if ("expected" in parsed) throw new SettingError(`Cannot use ${place}: expected ${parsed.expected}`);
    checked.set(name, { value: parsed.value, origin });
  }
  return checked;
}

/** A value without what is probably a secret: people show errors and settings to others. */
export function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== "string") return value;
  const [, name] = /^(\w+)=./s.exec(value) ?? [];
  return name !== undefined && isSecretName(name) ? `${name}=${HIDDEN}` : withoutSecrets(value);
}

/** A value for an error message; long ones are cut. */
export function shown(raw: unknown): string {
  if (typeof raw === "function") return "a function";
  const text = JSON.stringify(masked(raw)) ?? String(raw);
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}
