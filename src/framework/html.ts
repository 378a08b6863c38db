// Pages as tagged templates: html`<p>${text}</p>`. Each value is escaped for the place where it stands, which is found out once for each
// template; where no escaping is safe, the template is refused. Source: OWASP Cross Site Scripting Prevention Cheat Sheet; WHATWG HTML
// section 13.2.5 for the states of the tokenizer that matter here.
import { escapeHtml } from "../middleware/writing/answer.ts";
import { FrameworkError } from "./errors.ts";

/** A piece of a page that needs no more escaping. */
export class SafeHtml {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

/** JSON for a script of a page, see {@link scriptJson}. */
class SafeJson extends SafeHtml {}

/** What may stand in a template: nothing and booleans write nothing, lists write each of their items. */
export type HtmlValue = string | number | bigint | boolean | null | undefined | SafeHtml | readonly HtmlValue[];

/** Where a value stands. */
type Context =
  | { readonly kind: "text" }
  | { readonly kind: "attribute" }
  /** `prefix` stands in front of the value, so that both together name the scheme; null once that is settled. */
  | { readonly kind: "url"; readonly prefix: string | null }
  | { readonly kind: "style" }
  | { readonly kind: "script" };

const URL_ATTRIBUTES = new Set([
  "href",
  "src",
  "action",
  "formaction",
  "poster",
  "cite",
  "data",
  "ping",
  "xlink:href",
  "background",
  "manifest",
]);
const KNOWN_SCHEMES = /^(?:https?|mailto|tel|sms|ftp):/i;
const ANY_SCHEME = /^[a-z][a-z\d+.-]*:/i;
/** What a browser ignores in front of a scheme, and within it. */
const IGNORED = /[\u0000-\u0020]/g;

const contextsOf = new WeakMap<TemplateStringsArray, readonly Context[]>();

/**
 * Makes a piece of a page; all values are escaped, except pieces themselves.
 *
 * @throws FrameworkError for a value in a place that cannot be made safe: outside of quotes in a tag, in a script, in an `on…` attribute
 * @example
 * html`<ul>${items.map((item) => html`<li><a href="${item.url}">${item.name}</a></li>`)}</ul>`
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): SafeHtml {
  let contexts = contextsOf.get(strings);
  if (contexts === undefined) {
    contexts = readContexts(strings);
    contextsOf.set(strings, contexts);
  }
  let text = strings[0] ?? "";
  for (let index = 0; index < values.length; index += 1) {
    text += written(values[index], contexts[index] ?? TEXT) + (strings[index + 1] ?? "");
  }
  return new SafeHtml(text);
}

/** Marks text as HTML, so that it is not escaped. No part of it may come from a user. */
export function raw(text: string): SafeHtml {
  return new SafeHtml(text);
}

/**
 * Writes a value for a script of a page: html`<script type="application/json">${scriptJson(data)}</script>`.
 *
 * @param value - must survive JSON
 */
export function scriptJson(value: unknown): SafeHtml {
  const text = JSON.stringify(value) as string | undefined;
  const harmless = (text ?? "null").replaceAll(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return new SafeJson(harmless);
}

const TEXT: Context = { kind: "text" };

function written(value: HtmlValue, context: Context): string {
  if (value === null || value === undefined || typeof value === "boolean") return "";
  switch (context.kind) {
    case "text":
      return value instanceof SafeHtml ? value.toString() : isList(value) ? joined(value, context) : escaped(value);
    case "attribute":
      return isList(value) ? joined(value, context) : escaped(value);
    case "url":
      return escapeHtml(context.prefix === null ? textOf(value) : harmlessUrl(context.prefix, textOf(value)));
    case "style":
      if (typeof value === "number" || /^[\w#%. -]*$/.test(textOf(value))) return textOf(value);
      throw new FrameworkError(`Cannot write "${textOf(value)}" into a style; expected numbers, words or colours`);
    case "script":
      if (value instanceof SafeJson) return value.toString();
      throw new FrameworkError("Cannot write a value into a script; expected scriptJson(value)");
  }
}

function joined(list: readonly HtmlValue[], context: Context): string {
  let text = "";
  for (const item of list) text += written(item, context);
  return text;
}

function isList(value: HtmlValue): value is readonly HtmlValue[] {
  return Array.isArray(value);
}

function escaped(value: HtmlValue): string {
  return typeof value === "number" ? String(value) : escapeHtml(textOf(value));
}

function textOf(value: HtmlValue): string {
  if (typeof value === "string" || typeof value === "number" || typeof value === "bigint") return String(value);
  if (value instanceof SafeHtml) return value.toString();
  const what =
    typeof value === "object" ? `an object of class ${value?.constructor?.name ?? "?"}` : `a ${typeof value}`;
  throw new FrameworkError(`Cannot write ${what} into a page; expected text, a number, or a piece of html`);
}

/** An address that would run a script becomes one that leads nowhere. */
function harmlessUrl(prefix: string, value: string): string {
  const seen = (prefix + value).replaceAll(IGNORED, "");
  return ANY_SCHEME.test(seen) && !KNOWN_SCHEMES.test(seen) ? "about:invalid" : value;
}

/** Stands for a value in the text of an attribute. */
const HOLE = "\u0000";

/** Where the tokenizer of a browser stands. */
interface Place {
  state: "text" | "tag" | "quoted" | "comment" | "raw";
  /** Of the tag, or of the element whose text is raw. */
  element: string;
  attribute: string;
  quote: string;
  /** What stands of a value in front of the hole. */
  value: string;
}

function readContexts(strings: readonly string[]): Context[] {
  const place: Place = { state: "text", element: "", attribute: "", quote: "", value: "" };
  return strings.slice(0, -1).map((text) => {
    advance(place, text);
    const context = contextAt(place, text);
    if (place.state === "quoted") place.value += HOLE;
    return context;
  });
}

function contextAt({ state, element, attribute, value }: Place, text: string): Context {
  const near = text.slice(-30);
  switch (state) {
    case "text":
      return TEXT;
    case "tag":
      throw new FrameworkError(`A value stands outside of quotes in a tag, after "${near}"; write name="\${value}"`);
    case "comment":
      throw new FrameworkError(`A value stands in a comment, after "${near}"`);
    case "raw":
      if (element === "script") return { kind: "script" };
      if (element === "style") return { kind: "style" };
      return TEXT;
    case "quoted":
      if (attribute.startsWith("on") || attribute === "srcdoc") {
        throw new FrameworkError(
          `A value stands in the attribute "${attribute}", which browsers run; use a data- attribute`,
        );
      }
      if (attribute === "style") return { kind: "style" };
      return URL_ATTRIBUTES.has(attribute) ? urlContext(attribute, value) : { kind: "attribute" };
  }
}

function urlContext(attribute: string, before: string): Context {
  if (/^\s*(?:javascript|vbscript):/i.test(before)) {
    throw new FrameworkError(`A value stands in a script, in the attribute "${attribute}"`);
  }
  if (/[/?#:]/.test(before)) return { kind: "url", prefix: null };
  if (!before.includes(HOLE)) return { kind: "url", prefix: before };
  throw new FrameworkError(`Two values begin the address in "${attribute}"; write them as one`);
}

/** Elements whose content is text up to their end tag. */
const RAW_ELEMENTS = new Set(["script", "style", "textarea", "title"]);
const NEXT_IN_TAG = /([^\s"'<>/=]+)\s*(?:=\s*(["']?))?|>|\/|[\s\S]/y;

/** Moves over the text between two values. */
function advance(place: Place, text: string): void {
  for (let position = 0; position < text.length;) position = STEPS[place.state](place, text, position);
}

const STEPS: Readonly<Record<Place["state"], (place: Place, text: string, position: number) => number>> = {
  text(place, text, position) {
    const start = text.indexOf("<", position);
    if (start === -1) return text.length;
    if (text.startsWith("<!--", start)) {
      place.state = "comment";
      return start + 4;
    }
    const [tag, name] = /^<(\/?[a-zA-Z][^\s/>]*|[!?])/.exec(text.slice(start)) ?? [];
    if (tag === undefined || name === undefined) {
      if (start === text.length - 1) throw new FrameworkError("A value stands in the name of a tag");
      return start + 1;
    }
    place.state = "tag";
    place.element = name.toLowerCase();
    return start + tag.length;
  },
  tag(place, text, position) {
    NEXT_IN_TAG.lastIndex = position;
    const [whole = "", attribute, quote] = NEXT_IN_TAG.exec(text) ?? [];
    const end = position + Math.max(1, whole.length);
    if (whole === ">") {
      place.state = RAW_ELEMENTS.has(place.element) ? "raw" : "text";
    } else if (attribute !== undefined && quote !== undefined && quote !== "") {
      Object.assign(place, { state: "quoted", attribute: attribute.toLowerCase(), quote, value: "" });
    }
    return end;
  },
  quoted(place, text, position) {
    const end = text.indexOf(place.quote, position);
    place.value += text.slice(position, end === -1 ? undefined : end);
    if (end === -1) return text.length;
    place.state = "tag";
    return end + 1;
  },
  comment(place, text, position) {
    const end = text.indexOf("-->", position);
    if (end === -1) return text.length;
    place.state = "text";
    return end + 3;
  },
  raw(place, text, position) {
    const end = text.toLowerCase().indexOf(`</${place.element}`, position);
    if (end === -1) return text.length;
    place.state = "tag";
    place.element = `/${place.element}`;
    return end + 2 + place.element.length - 1;
  },
};
