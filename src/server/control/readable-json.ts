// JSON for people: indented, but a list of numbers, such as the counts of a histogram, in one line.

/** Renders a value. No string is changed: a line feed inside of one is always escaped. Source: RFC 8259 section 7. */
export function readableJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`.replace(/\[\n\s+(?:[\d.e+-]+,\n\s+)*[\d.e+-]+\n\s+\]/g, (list) =>
    list.replace(/\s+/g, " ").replace("[ ", "[").replace(" ]", "]"),
  );
}
