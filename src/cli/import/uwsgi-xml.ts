// Reads uWSGI's options from XML: elements with texts. A document type, which could define entities and name other files, is refused.
// Source: XML 1.0, as far as configurations of uWSGI go.

const TAG = /<(\/?)([\w-]+)((?:\s+[\w:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/y;
const ENTITIES: ReadonlyMap<string, string> = new Map([
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
  ["amp", "&"],
]);

/** An element that has begun. */
interface Open {
  readonly name: string;
  readonly attributes: string;
  text: string;
  hasElements: boolean;
}

type Part =
  | {
      readonly kind: "begin" | "end" | "empty";
      readonly name: string;
      readonly attributes: string;
      readonly end: number;
    }
  | { readonly kind: "text"; readonly text: string; readonly end: number };

/**
 * Reads `<uwsgi><http>:80</http><master/></uwsgi>`, which may stand in another element.
 *
 * @param section - the attribute `id` of the element, unless it is `uwsgi`
 * @returns undefined when there is no such section
 * @throws Error for what is not XML, or is more than elements with texts
 */
export function readUwsgiXml(text: string, section: string): (readonly [key: string, value: string])[] | undefined {
  const pairs: (readonly [string, string])[] = [];
  const open: Open[] = [];
  let isFound = false;
  const isSection = ({ name, attributes }: Open): boolean =>
    name === "uwsgi" &&
    (section === "uwsgi" || attributes.includes(`id="${section}"`) || attributes.includes(`id='${section}'`));
  const close = (element: Open): void => {
    const outer = open.at(-1);
    if (outer !== undefined && isSection(outer) && open.length <= 2)
      pairs.push([element.name, element.hasElements ? "" : fromEntities(element.text.trim())]);
  };
  for (let at = 0; at < text.length;) {
    const part = partAt(text, at);
    at = part.end;
    const inner = open.at(-1);
    if (part.kind === "text") {
      if (inner !== undefined) inner.text += part.text;
      else if (part.text.trim() !== "") throw new Error("text stands outside of all elements");
      continue;
    }
    if (part.kind === "end") {
      if (inner?.name !== part.name) throw new Error(`line ${lineOf(text, at)}: </${part.name}> ends nothing`);
      open.pop();
      close(inner);
      continue;
    }
    if (inner !== undefined) inner.hasElements = true;
    const element: Open = { name: part.name, attributes: part.attributes, text: "", hasElements: false };
    isFound ||= isSection(element) && open.length < 2;
    if (part.kind === "empty") close(element);
    else open.push(element);
  }
  const unended = open.at(-1);
  if (unended !== undefined) throw new Error(`<${unended.name}> does not end`);
  return isFound ? pairs : undefined;
}

/** What begins at a place. */
function partAt(text: string, at: number): Part {
  const passed = (begin: string, end: string): number => {
    const place = text.indexOf(end, at + begin.length);
    if (place === -1) throw new Error(`line ${lineOf(text, at)}: ${begin} does not end`);
    return place + end.length;
  };
  if (text[at] !== "<") {
    const next = text.indexOf("<", at);
    const end = next === -1 ? text.length : next;
    return { kind: "text", text: text.slice(at, end), end };
  }
  if (text.startsWith("<!--", at)) return { kind: "text", text: "", end: passed("<!--", "-->") };
  if (text.startsWith("<?", at)) return { kind: "text", text: "", end: passed("<?", "?>") };
  if (text.startsWith("<!", at))
    throw new Error(`line ${lineOf(text, at)}: document types and CDATA are not read; write the text itself`);
  TAG.lastIndex = at;
  const [all, slash, name = "", attributes = "", alone] = TAG.exec(text) ?? [];
  if (all === undefined) throw new Error(`line ${lineOf(text, at)} is no XML`);
  const kind = slash === "/" ? "end" : alone === "/" ? "empty" : "begin";
  return { kind, name, attributes, end: at + all.length };
}

function lineOf(text: string, at: number): number {
  return text.slice(0, at).split("\n").length;
}

function fromEntities(text: string): string {
  return text.replaceAll(/&(#?\w{0,32};)?/g, (all, named?: string) => {
    const name = named?.slice(0, -1) ?? "";
    const [, hex, decimal] = /^#(?:x([\da-f]{1,6})|(\d{1,7}))$/i.exec(name) ?? [];
    const code = hex === undefined ? Number(decimal ?? Number.NaN) : Number.parseInt(hex, 16);
    const value = code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : ENTITIES.get(name);
    if (value === undefined) throw new Error(`the entity "${all}" is not known; write its text itself`);
    return value;
  });
}
