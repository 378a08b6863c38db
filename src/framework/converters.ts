// Converters: what may stand in one piece of a path, and what it means. Source: Werkzeug's routing converters, whose names, arguments and
// weights these are.
import { FrameworkError } from "./errors.ts";

/**
 * One kind of value in a path.
 *
 * @example
 * const date: Converter<Date> = {
 *   regex: String.raw`\d{4}-\d\d-\d\d`,
 *   parse: (text) => new Date(text),
 *   format: (date) => date.toISOString().slice(0, 10),
 * };
 */
export interface Converter<Value> extends AnyConverter {
  /** Gives the value; undefined means that the rule does not match. */
  parse(text: string): Value | undefined;
  /** Writes the value as {@link Converter.parse} reads it, not encoded. */
  format(value: Value): string;
}

/** A converter whose value only itself knows. */
export interface AnyConverter {
  /** A regular expression without capturing groups, for the decoded text. */
  readonly regex: string;
  parse(text: string): unknown;
  format(value: never): string;
  /** Lower goes first where several rules match. @default 100, that of `string` */
  readonly weight?: number;
  /** Whether a value may hold slashes. @default false */
  readonly hasSlashes?: boolean;
  /** Whether its expression never has two ways to go on; otherwise rules with it are matched more slowly, in linear time. @default false */
  readonly isPlain?: boolean;
  /** JSON Schema of the value, for OpenAPI. @default a string */
  readonly schema?: Readonly<Record<string, unknown>>;
}

/** What stands in the brackets of `<int(min=1):page>` or `<any(a, b):kind>`. */
export interface ConverterArguments {
  readonly positional: readonly string[];
  readonly named: ReadonlyMap<string, string>;
}

/** A converter, or a function that makes one of the arguments in a rule. */
export type ConverterSource = AnyConverter | ((conversion: ConverterArguments) => AnyConverter);

const UUID = "[A-Fa-f0-9]{8}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{12}";
const NUMBER_WEIGHT = 50;

/** The converters that every rule may use. */
export const CONVERTERS: ReadonlyMap<string, ConverterSource> = new Map<string, ConverterSource>([
  ["string", stringConverter],
  ["int", intConverter],
  ["float", floatConverter],
  ["any", anyOf],
  [
    "path",
    {
      // As little as possible, so that of two paths side by side the first one is short.
      regex: "[^/].*?",
      parse: (text) => text,
      format: (value) => asText(value),
      weight: 200,
      isPlain: true,
      hasSlashes: true,
    } satisfies Converter<string>,
  ],
  [
    "uuid",
    {
      regex: UUID,
      parse: (text) => text.toLowerCase(),
      format: (value) => asText(value),
      isPlain: true,
      schema: { type: "string", format: "uuid" },
    } satisfies Converter<string>,
  ],
]);

/**
 * Makes the converter of a piece of a rule.
 *
 * @param source - of its name
 * @param text - what stands in its brackets; undefined without brackets
 * @throws FrameworkError when there are arguments that it does not know
 */
export function makeConverter(source: ConverterSource, text: string | undefined): AnyConverter {
  if (typeof source === "function") return source(readArguments(text ?? ""));
  if (text === undefined || text.trim() === "") return source;
  throw new FrameworkError(`Converter takes no arguments; got "(${text})"`);
}

function readArguments(text: string): ConverterArguments {
  const positional: string[] = [];
  const named = new Map<string, string>();
  for (const [, name, quoted, bare = ""] of text.matchAll(/(?:(\w+)\s*=\s*)?(?:"([^"]*)"|'[^']*'|([^,\s]+))\s*,?/g)) {
    const value = quoted ?? bare;
    if (name === undefined) positional.push(value);
    else named.set(name, value);
  }
  return { positional, named };
}

/** `<name>`, `<string(length=2):code>`, `<string(minlength=2, maxlength=8):code>`. */
function stringConverter(conversion: ConverterArguments): Converter<string> {
  const options = numbersOf(conversion, "string", ["length", "minlength", "maxlength"]);
  const { length, minlength = 1, maxlength } = options;
  const count = length === undefined ? `{${minlength},${maxlength ?? ""}}` : `{${length}}`;
  return {
    regex: count === "{1,}" ? "[^/]+" : `[^/]${count}`,
    isPlain: true,
    parse: (text) => text,
    format: (value) => asText(value),
    schema: {
      type: "string",
      ...(length === undefined ? {} : { minLength: length, maxLength: length }),
      ...(length === undefined && minlength !== 1 ? { minLength: minlength } : {}),
      ...(length === undefined && maxlength !== undefined ? { maxLength: maxlength } : {}),
    },
  };
}

/** `<int:id>`, `<int(fixed_digits=4):year>`, `<int(min=1, max=9):page>`, `<int(signed=True):offset>`. */
function intConverter(conversion: ConverterArguments): Converter<number> {
  const { fixed_digits: digits = 0, ...options } = numbersOf(conversion, "int", ["fixed_digits", "min", "max"]);
  const bounds = new Bounds(options, isSigned(conversion));
  return {
    regex: bounds.isSigned ? String.raw`-?\d+` : String.raw`\d+`,
    weight: NUMBER_WEIGHT,
    isPlain: true,
    schema: { type: "integer", ...bounds.schema },
    parse(text) {
      if (digits > 0 && text.length !== digits) return undefined;
      const value = Number(text);
      // What a number cannot hold exactly would be another page's.
      return Number.isSafeInteger(value) && bounds.hold(value) ? value : undefined;
    },
    format(value) {
      if (!Number.isSafeInteger(value)) throw new FrameworkError(`Expected a whole number, got ${show(value)}`);
      return String(value).padStart(digits, "0");
    },
  };
}

/** `<float:price>`, with a point; `min`, `max` and `signed` as for `int`. */
function floatConverter(conversion: ConverterArguments): Converter<number> {
  const bounds = new Bounds(numbersOf(conversion, "float", ["min", "max"]), isSigned(conversion));
  return {
    regex: bounds.isSigned ? String.raw`-?\d+\.\d+` : String.raw`\d+\.\d+`,
    weight: NUMBER_WEIGHT,
    isPlain: true,
    schema: { type: "number", ...bounds.schema },
    parse(text) {
      const value = Number(text);
      return Number.isFinite(value) && bounds.hold(value) ? value : undefined;
    },
    format(value) {
      if (!Number.isFinite(value)) throw new FrameworkError(`Expected a number, got ${show(value)}`);
      const text = withoutExponent(value);
      return text.includes(".") ? text : `${text}.0`;
    },
  };
}

/** The shortest text that is read as this number, with all its zeros. */
function withoutExponent(value: number): string {
  const [, sign = "", whole = "", fraction = "", exponent] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value)) ?? [];
  if (exponent === undefined) return String(value);
  const point = whole.length + Number(exponent);
  const digits = whole + fraction;
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  return `${sign}${digits.slice(0, point).padEnd(point, "0")}${digits.length > point ? `.${digits.slice(point)}` : ""}`;
}

/** `<any(about, help):page>`: one of these words. */
function anyOf({ positional, named }: ConverterArguments): Converter<string> {
  if (positional.length === 0 || named.size > 0) {
    throw new FrameworkError('Converter "any" needs words; expected "<any(first, second):name>"');
  }
  return {
    regex: `(?:${positional.map(escapeExpression).join("|")})`,
    parse: (text) => text,
    format: (value) => asText(value),
    schema: { type: "string", enum: [...positional] },
  };
}

/** Makes text an expression that matches it alone. */
export function escapeExpression(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
}

class Bounds {
  readonly isSigned: boolean;
  readonly #min: number;
  readonly #max: number;

  constructor({ min = -Infinity, max = Infinity }: { min?: number; max?: number }, hasSign: boolean) {
    this.#min = min;
    this.#max = max;
    this.isSigned = hasSign;
  }

  hold(value: number): boolean {
    return value >= this.#min && value <= this.#max;
  }

  get schema(): Readonly<Record<string, number>> {
    return {
      ...(this.#min === -Infinity ? (this.isSigned ? {} : { minimum: 0 }) : { minimum: this.#min }),
      ...(this.#max === Infinity ? {} : { maximum: this.#max }),
    };
  }
}

function isSigned({ named }: ConverterArguments): boolean {
  return named.get("signed")?.toLowerCase() === "true";
}

function numbersOf<const Name extends string>(
  { positional, named }: ConverterArguments,
  converter: string,
  names: readonly Name[],
): { [Each in Name]?: number } {
  const numbers: Partial<Record<string, number>> = {};
  if (positional.length > 0) {
    throw new FrameworkError(`Converter "${converter}" knows no argument "${positional[0]}"; expected "name=value"`);
  }
  for (const [name, text] of named) {
    if (name === "signed") continue;
    const value = Number(text);
    if (!(names as readonly string[]).includes(name) || !Number.isFinite(value)) {
      throw new FrameworkError(
        `Converter "${converter}" knows no argument "${name}=${text}"; expected ${names.join(", ")}`,
      );
    }
    numbers[name] = value;
  }
  return numbers as { [Each in Name]?: number }; // the names were checked
}

/** Values of other languages' callers: a number where a text is expected says what it means. */
function asText(value: unknown): string {
  if (typeof value === "string" || typeof value === "number") return String(value);
  throw new FrameworkError(`Expected a text, got ${show(value)}`);
}

function show(value: unknown): string {
  return value === undefined ? "nothing" : (JSON.stringify(value) ?? typeof value);
}
