// Reads the value of a setting, whatever source gave it: texts from flags and variables, values of any type from a file.
import { ITEM_KINDS, isAddress, splitItems } from "./list-item.ts";
import { parseDuration, parseSize } from "./quantity.ts";
import type { Setting } from "./setting.ts";

/** A value that was read, or what was expected in its place. */
export type Parsed = { readonly value: unknown } | { readonly expected: string };

const TRUE = new Set(["true", "yes", "on", "1"]);
const FALSE = new Set(["false", "no", "off", "0"]);

/**
 * Reads and checks one value.
 *
 * @param raw - a text, or a value as a configuration file may hold it
 */
export function parseValue(setting: Setting, raw: unknown): Parsed {
  if (raw === null && setting.default === null) return { value: null };
  switch (setting.type) {
    case "text":
      return typeof raw === "string" &&
        !raw.includes("\0") &&
        (raw !== "" || setting.default === "") &&
        setting.pattern?.test(raw) !== false
        ? { value: raw }
        : { expected: setting.expected ?? (setting.default === "" ? "a text" : `a ${setting.value}`) };
    case "integer":
      return parseInteger(raw, setting);
    case "duration":
      return parseNumber(typeof raw === "string" ? parseDuration(raw) : raw, {
        minimum: 0,
        maximum: setting.maximum ?? 31_536_000,
        expected: "a time in seconds, or with a unit: 30, 30s, 2m, 500ms",
      });
    case "size":
      return parseNumber(typeof raw === "string" ? parseSize(raw) : raw, {
        minimum: setting.minimum ?? 0,
        maximum: Number.MAX_SAFE_INTEGER,
        isWhole: true,
        expected: `a size in bytes${(setting.minimum ?? 0) > 0 ? " above 0" : ""}, or with a unit: 8190, 64K, 10M`,
      });
    case "boolean":
      return parseBoolean(raw);
    case "choice":
      return parseChoice(raw, setting);
    case "list":
      return parseList(raw, setting);
    case "address":
      return typeof raw === "string" && isAddress(raw) ? { value: raw } : { expected: ITEM_KINDS.address.expected };
    case "mask":
      return parseMask(raw);
    default:
      return setting satisfies never;
  }
}

function parseInteger(raw: unknown, { minimum, maximum }: Setting & { type: "integer" }): Parsed {
  const number = typeof raw === "string" && /^\s*-?\d+\s*$/.test(raw) ? Number(raw) : raw;
  const expected = `a whole number from ${minimum} to ${maximum}`;
  return parseNumber(number, { minimum, maximum, isWhole: true, expected });
}

interface Range {
  readonly minimum: number;
  readonly maximum: number;
  readonly isWhole?: boolean;
  readonly expected: string;
}

function parseNumber(value: unknown, { minimum, maximum, isWhole = false, expected }: Range): Parsed {
  const isRight = typeof value === "number" && value >= minimum && value <= maximum;
  // Adding zero turns -0 into 0.
  return isRight && (!isWhole || Number.isInteger(value)) ? { value: value + 0 } : { expected };
}

function parseBoolean(raw: unknown): Parsed {
  if (typeof raw === "boolean") return { value: raw };
  const text = typeof raw === "string" ? raw.trim().toLowerCase() : "";
  if (TRUE.has(text)) return { value: true };
  return FALSE.has(text) ? { value: false } : { expected: "true or false" };
}

function parseChoice(raw: unknown, setting: Setting & { type: "choice" }): Parsed {
  if (raw === true && setting.bare !== undefined) return { value: setting.bare };
  const text = typeof raw === "number" ? String(raw) : typeof raw === "string" ? raw.trim().toLowerCase() : undefined;
  return text !== undefined && setting.choices.includes(text)
    ? { value: text }
    : { expected: `one of ${setting.choices.join(", ")}` };
}

function parseList(raw: unknown, setting: Setting & { type: "list" }): Parsed {
  const kind = ITEM_KINDS[setting.item];
  const given: unknown[] = Array.isArray(raw) ? raw : [raw];
  const items: string[] = [];
  for (const part of given) {
    if (typeof part !== "string") return { expected: `a list of texts, each ${kind.expected}` };
    items.push(...splitItems(part, kind));
  }
  return items.every(kind.isRight) ? { value: items } : { expected: kind.expected };
}

function parseMask(raw: unknown): Parsed {
  const number =
    typeof raw === "string" && /^\s*0o?[0-7]*\s*$/i.test(raw) ? Number.parseInt(raw.replace(/o/i, ""), 8) : raw;
  const expected = "a mask in octal with a leading 0, such as 022";
  return parseNumber(number, { minimum: 0, maximum: 0o777, isWhole: true, expected });
}
