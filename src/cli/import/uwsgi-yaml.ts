// Reads uWSGI's options from YAML, as far as uWSGI's own simple reader of it goes.

/** A key with its value, or `-` with an item; the line has no white space at its end. */
const LINE = /^(\s*)(?:(-)(?:\s+|$)|([\w-]+)\s*:(?:\s+|$))(.*)$/;
const COMMENT = /(?:^|\s)#[^]*$/;
const QUOTED = /^(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)')(?:\s+#[^]*)?$/;
/** What other readers of YAML would put in its place or go on reading below. */
const REFUSED: readonly (readonly [form: RegExp, name: string])[] = [
  [/^\*[\w-]+$/, "an alias"],
  [/^&[\w-]+(?:\s|$)/, "an anchor"],
  [/^!/, "a tag"],
  [/^[|>][-+\d]*$/, "a text of several lines"],
];

/**
 * Reads `uwsgi:`, and below it lines `key: value`, or `key:` with lines `- value`.
 *
 * @returns undefined when there is no such section
 * @throws Error for what it cannot understand
 */
export function readUwsgiYaml(text: string, section: string): (readonly [key: string, value: string])[] | undefined {
  const pairs: (readonly [string, string])[] = [];
  let isInside = false;
  let isFound = false;
  /** The option that the lines below may belong to, with its indentation; null once it has a value. */
  let open: { readonly key: string; readonly depth: number } | null = null;
  for (const raw of text.split(/\r?\n/)) {
    const line = /["']/.test(raw) ? raw.trimEnd() : raw.replace(COMMENT, "").trimEnd();
    if (line === "" || line === "---" || line === "..." || /^\s*#/.test(line)) continue;
    const [, indent = "", dash, key, written = ""] = LINE.exec(line) ?? [];
    if (key !== undefined && indent === "") {
      isInside = key === section && written.replace(COMMENT, "") === "";
      isFound ||= isInside;
      open = null;
    } else if (!isInside) continue;
    else if (dash !== undefined && open !== null) pairs.push([open.key, scalar(written, line)]);
    else if (key === undefined || (open !== null && indent.length > open.depth)) throw unclear(line);
    else {
      const values = valuesOf(written, line);
      pairs.push(...values.map((value) => [key, value] as const));
      open = values.length === 0 && written === "" ? { key, depth: indent.length } : null;
    }
  }
  return isFound ? pairs : undefined;
}

/** None, one, or those of `[a, b]`. */
function valuesOf(written: string, line: string): string[] {
  if (written === "") return [];
  const end = written.lastIndexOf("]");
  if (!written.startsWith("[") || written.slice(end + 1).replace(COMMENT, "") !== "") return [scalar(written, line)];
  const items = written.slice(1, end).trim();
  return items === "" ? [] : items.split(",").map((item) => scalar(item.trim(), line));
}

function scalar(written: string, line: string): string {
  const [, double, single] = QUOTED.exec(written) ?? [];
  if (double !== undefined) return withoutEscapes(double, line);
  if (single !== undefined) return single.replaceAll("''", "'");
  const value = written.replace(COMMENT, "").trimEnd();
  const refused = REFUSED.find(([form]) => form.test(value));
  if (refused !== undefined)
    throw new Error(`cannot understand the line "${shortened(line)}": it has ${refused[1]}; write the value itself`);
  return value;
}

/** Those that JSON has, too; others are rare. */
function withoutEscapes(text: string, line: string): string {
  try {
    return JSON.parse(`"${text.replaceAll("\t", String.raw`\t`)}"`) as string;
  } catch {
    throw unclear(line);
  }
}

function unclear(line: string): Error {
  return new Error(`cannot understand the line "${shortened(line)}"; expected "option: value"`);
}

function shortened(line: string): string {
  const text = line.trim();
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
