// Rules: `/users/<int:id>/posts/<slug>`, read once, matched and written many times. Source: Flask and Werkzeug, whose language this is.
//
// A rule is matched with the decoded path, exactly once decoded: the server did it. It is written with each value encoded by itself.
import { linearExpression, type Match } from "../middleware/writing/linear-expression.ts";
import { nearestName, suggestion } from "../nearest-name.ts";
import { type AnyConverter, type ConverterSource, escapeExpression, makeConverter } from "./converters.ts";
import { FrameworkError } from "./errors.ts";
import { REST, VALUE } from "./segment-tree.ts";

/** A piece of a rule: text, or the place of a value. */
export type RulePart = string | RuleValue;

/** The place of a value. */
export interface RuleValue {
  readonly name: string;
  readonly converter: AnyConverter;
  /** As the rule writes it: `int(min=1)`. */
  readonly converterText: string;
}

/** Values by name. */
export type RuleValues = Readonly<Record<string, unknown>>;

const PIECE = /<(?:([A-Za-z_]\w*)(?:\(([^<>()]*)\))?:)?([A-Za-z_]\w*)>/y;
/** Characters that stand for themselves in a path (RFC 3986 section 3.3, "pchar"), without the percent sign. */
const NOT_IN_PATH = /[^A-Za-z0-9\-._~!$&'()*+,;=:@]+/g;

/** A rule. */
export class Rule {
  readonly text: string;
  readonly parts: readonly RulePart[];
  /** Whether the rule ends with a slash, so that a path without it is sent there. */
  readonly isBranch: boolean;
  readonly values: readonly RuleValue[];
  /** Two rules with the same key match the same paths. */
  readonly key: string;
  /** For a tree of segments: text as it is, and where values and slashes may come. */
  readonly shape: string;
  /** Of each segment. */
  readonly weights: readonly SegmentWeight[];
  readonly #segments: readonly (readonly RulePart[])[];
  readonly #match: (path: string) => Match;

  /**
   * @param text - begins with a slash
   * @throws FrameworkError when it cannot be read
   */
  constructor(text: string, converters: ReadonlyMap<string, ConverterSource>) {
    if (!text.startsWith("/")) throw new FrameworkError(`Rule "${text}" does not begin with "/"; expected a path`);
    this.text = text;
    this.parts = parseParts(text, converters);
    this.isBranch = text.endsWith("/");
    this.values = this.parts.filter((part) => typeof part !== "string");
    this.key = this.parts.map((part) => (typeof part === "string" ? part : `<${part.converterText}>`)).join("");
    this.#segments = segmentsOf(this.parts);
    refuseDots(text, this.#segments);
    this.shape = shapeOf(this.#segments);
    this.weights = weightsOf(this.#segments);
    this.#match = matcherOf(this.#expression(), this.#segments);
  }

  /** Whether the rule is one text, so that nothing has to be matched. */
  get isStatic(): boolean {
    return this.values.length === 0;
  }

  /**
   * Matches a whole path.
   *
   * @param path - decoded text
   * @returns the values; null when it does not match
   */
  match(path: string): RuleValues | null {
    const found = this.#match(path);
    if (found === null) return null;
    const values: Record<string, unknown> = {};
    for (let index = 0; index < this.values.length; index += 1) {
      const { name, converter } = this.values[index] as RuleValue; // below the length
      const value: unknown = converter.parse(found[index + 1] ?? "");
      if (value === undefined) return null;
      values[name] = value;
    }
    return values;
  }

  /**
   * Writes the path of some values.
   *
   * @param values - one for each place, and no others
   * @returns an encoded path, that matches the rule and gives these values
   * @throws FrameworkError for one that is missing, surplus, or that its place cannot take
   */
  build(values: RuleValues): string {
    const names = this.values.map(({ name }) => name);
    const surplus = Object.keys(values).find((name) => !names.includes(name));
    if (surplus !== undefined) {
      throw new FrameworkError(`Rule "${this.text}" has no "<${surplus}>"${suggestion(surplus, names)}`);
    }
    const texts = new Map(this.values.map((value) => [value.name, this.#valueText(value, values)]));
    const written = this.#segments.map((segment) => this.#written(segment, texts)).join("/");
    // Of values that lie side by side, one may take what belongs to the other.
    const found = texts.size > 1 ? this.#match(written) : null;
    if (found !== null && ![...texts.values()].every((each, index) => found[index + 1] === each)) {
      throw new FrameworkError(`Rule "${this.text}" would read "${written}" as other values`);
    }
    return written.split("/").map(encodeSegment).join("/");
  }

  /** Tells which of two rules goes first where both match: fixed text, then the lighter converter, from left to right. */
  static compare(left: Rule, right: Rule): number {
    const length = Math.max(left.weights.length, right.weights.length);
    for (let index = 0; index < length; index += 1) {
      const difference = compareWeights(left.weights[index] ?? NO_SEGMENT, right.weights[index] ?? NO_SEGMENT);
      if (difference !== 0) return difference;
    }
    return 0;
  }

  #expression(): string {
    return this.parts
      .map((part) => (typeof part === "string" ? escapeExpression(part) : `(${checkedRegex(part, this.text)})`))
      .join("");
  }

  #written(segment: readonly RulePart[], texts: ReadonlyMap<string, string>): string {
    if (isText(segment)) return segment.join("");
    const written = segment.map((part) => (typeof part === "string" ? part : (texts.get(part.name) ?? ""))).join("");
    // Every client takes such a segment out of the path, encoded or not (WHATWG URL, "double-dot path segment").
    if (!written.split("/").some((each) => each === "." || each === "..")) return written;
    throw new FrameworkError(`A segment of "${this.text}" would be "${written}", which clients take out of a path`);
  }

  #valueText({ name, converter }: RuleValue, values: RuleValues): string {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined || value === null) throw new FrameworkError(`Rule "${this.text}" needs a value "${name}"`);
    const text = converter.format(value as never); // what the converter takes is its own affair
    if (new RegExp(`^(?:${converter.regex})$`, "s").test(text) && converter.parse(text) !== undefined) return text;
    throw new FrameworkError(`Rule "${this.text}" cannot have "${text}" as "${name}"`);
  }
}

/** RegExp alone takes long only where values lie side by side, or where one may hold slashes and something follows it. */
function matcherOf(source: string, segments: readonly (readonly RulePart[])[]): (path: string) => Match {
  const isPlain = segments.every((segment, index) => {
    const values = segment.filter((part) => typeof part !== "string");
    if (values.length > 1 || values.some(({ converter }) => converter.isPlain !== true)) return false;
    const hasSlashes = values.some(({ converter }) => converter.hasSlashes === true);
    return !hasSlashes || (index === segments.length - 1 && segment.at(-1) === values[0]);
  });
  if (!isPlain) return linearExpression(source, false);
  const expression = new RegExp(`^${source}$`, "s");
  return (path) => expression.exec(path);
}

/** Encodes one segment of a path, whatever is in it. */
export function encodeSegment(segment: string): string {
  return segment.replaceAll(NOT_IN_PATH, (run) => encodeURIComponent(run.replaceAll(/[\uD800-\uDFFF]/gu, "\uFFFD")));
}

function parseParts(text: string, converters: ReadonlyMap<string, ConverterSource>): RulePart[] {
  const parts: RulePart[] = [];
  const names = new Set<string>();
  for (let position = 0; position < text.length;) {
    const start = text.indexOf("<", position);
    const end = start === -1 ? text.length : start;
    const literal = text.slice(position, end);
    if (literal.includes(">")) throw new FrameworkError(`Rule "${text}" has a ">" without its "<"`);
    if (literal !== "") parts.push(literal);
    if (start === -1) break;
    PIECE.lastIndex = start;
    const [whole, converterName = "string", converterArguments, name = ""] = PIECE.exec(text) ?? [];
    if (whole === undefined) {
      throw new FrameworkError(
        `Rule "${text}" has a piece that cannot be read; expected "<name>" or "<converter:name>"`,
      );
    }
    if (names.has(name)) throw new FrameworkError(`Rule "${text}" has two values of the name "${name}"`);
    if (name === "__proto__") throw new FrameworkError(`Rule "${text}" has a value "__proto__"; expected another name`);
    names.add(name);
    const source = converters.get(converterName);
    if (source === undefined) throw unknownConverter(text, converterName, converters);
    const converterText = converterArguments === undefined ? converterName : `${converterName}(${converterArguments})`;
    parts.push({ name, converter: makeConverter(source, converterArguments), converterText });
    position = start + whole.length;
  }
  return parts;
}

function unknownConverter(
  rule: string,
  name: string,
  converters: ReadonlyMap<string, ConverterSource>,
): FrameworkError {
  const known = [...converters.keys()];
  const nearest = nearestName(name, known);
  const guess = nearest === undefined ? `expected ${known.join(", ")}` : `did you mean "${nearest}"`;
  return new FrameworkError(`Rule "${rule}" has the unknown converter "${name}"; ${guess}`);
}

/** A group of its own would shift all others. */
function checkedRegex({ converter, converterText }: RuleValue, rule: string): string {
  const groups = new RegExp(`${converter.regex}|`).exec("")?.length ?? 1;
  if (groups === 1) return converter.regex;
  throw new FrameworkError(`Converter "${converterText}" of "${rule}" has a capturing group; expected "(?:...)"`);
}

function segmentsOf(parts: readonly RulePart[]): RulePart[][] {
  const segments: RulePart[][] = [[]];
  for (const part of parts) {
    const [first, ...others] = typeof part === "string" ? part.split("/") : [part];
    if (first !== undefined && first !== "") segments.at(-1)?.push(first);
    for (const text of others) segments.push(text === "" ? [] : [text]);
  }
  return segments;
}

function refuseDots(rule: string, segments: readonly (readonly RulePart[])[]): void {
  if (!segments.some((segment) => isText(segment) && /^\.\.?$/.test(segment.join("")))) return;
  throw new FrameworkError(`Rule "${rule}" has the segment "." or "..", which clients take out of a path`);
}

function isText(segment: readonly RulePart[]): segment is readonly string[] {
  return segment.every((part) => typeof part === "string");
}

function shapeOf(segments: readonly (readonly RulePart[])[]): string {
  const shape: string[] = [];
  for (const segment of segments) {
    if (segment.some((part) => typeof part !== "string" && part.converter.hasSlashes === true)) {
      shape.push(REST);
      break;
    }
    shape.push(isText(segment) ? segment.join("") : VALUE);
  }
  return shape.join("/") || "/";
}

/** Kind (text, value), then less for more fixed characters, less for more values, and the weight of the converters. */
type SegmentWeight = readonly [kind: number, characters: number, values: number, weight: number];

/** A rule that goes on is more specific than one that has ended; one that has ended with a slash comes last, since it takes both paths. */
const NO_SEGMENT: SegmentWeight = [2, 0, 0, 0];
const LAST_SLASH: SegmentWeight = [2, 0, 0, 1];

/** From a value on that may hold slashes, all counts as one segment. */
function weightsOf(segments: readonly (readonly RulePart[])[]): SegmentWeight[] {
  const start = segments.findIndex((segment) =>
    segment.some((part) => typeof part !== "string" && part.converter.hasSlashes === true),
  );
  if (start === -1) {
    const isBranch = segments.at(-1)?.length === 0;
    return isBranch ? [...segments.slice(0, -1).map(weightOf), LAST_SLASH] : segments.map(weightOf);
  }
  return [...segments.slice(0, start).map(weightOf), weightOf(segments.slice(start).flat())];
}

function weightOf(segment: readonly RulePart[]): SegmentWeight {
  const values = segment.filter((part) => typeof part !== "string");
  if (values.length === 0) return [0, 0, 0, 0];
  const characters = segment.reduce((sum, part) => sum + (typeof part === "string" ? part.length : 0), 0);
  return [1, -characters, -values.length, values.reduce((sum, { converter }) => sum + (converter.weight ?? 100), 0)];
}

/** Tells which of two segments goes first. */
export function compareWeights(one: SegmentWeight, other: SegmentWeight): number {
  return one[0] - other[0] || one[1] - other[1] || one[2] - other[2] || one[3] - other[3];
}
