// Reads the source of a regular expression into a tree. Source: ECMA-262 section 22.2.1, the grammar without flags u and v. A single
// character of any spelling, and whatever only looks at a position, stays text that JavaScript's own RegExp judges.

/** What can be matched. */
export type Node =
  /** One character: a letter, an escape or a class. */
  | { readonly kind: "character"; readonly source: string }
  /** Matches nothing, asks something of the position: `$`, `\b`, `(?!…)`. */
  | { readonly kind: "assertion"; readonly source: string }
  | { readonly kind: "sequence" | "choice"; readonly nodes: readonly Node[] }
  | { readonly kind: "group"; readonly node: Node }
  | {
      readonly kind: "repeat";
      readonly node: Node;
      readonly least: number;
      readonly most: number;
      readonly isLazy: boolean;
    };

const ATOM = /\[(?:\\.|[^\]\\])*\]|\\(?:x[\dA-Fa-f]{2}|u[\dA-Fa-f]{4}|c[A-Za-z]|.)|\((?:\?(?:[:=!]|<[=!]))?|[^|)]/sy;
const QUANTIFIER = /(?:[*+?]|\{(\d+)(?:(,)(\d*))?\})(\??)/y;
const REFERENCE = /^\\[1-9k]$/;
const LIMITS: Readonly<Record<string, readonly [least: number, most: number]>> = {
  "*": [0, Infinity],
  "+": [1, Infinity],
  "?": [0, 1],
};

/**
 * Reads the source of a regular expression that RegExp takes.
 *
 * @returns null if it refers back to a group, names one, or has a kind of group that is not known here
 */
export function parseExpression(source: string): Node | null {
  let position = 0;

  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position;
    const found = pattern.exec(source);
    if (found !== null) position += found[0].length;
    return found;
  };

  const choice = (): Node | null => {
    const nodes: Node[] = [];
    do {
      const branch = sequence();
      if (branch === null) return null;
      nodes.push(branch);
    } while (source[position] === "|" && (position += 1));
    return nodes.length === 1 && nodes[0] !== undefined ? nodes[0] : { kind: "choice", nodes };
  };

  const sequence = (): Node | null => {
    const nodes: Node[] = [];
    for (let start = position, found = take(ATOM); found !== null; start = position, found = take(ATOM)) {
      const node = atom(found[0], start);
      if (node === null) return null;
      nodes.push(repeated(node));
    }
    return { kind: "sequence", nodes };
  };

  const atom = (text: string, start: number): Node | null => {
    if (text.startsWith("(")) {
      const inner = source[position] === "?" ? null : choice();
      position += 1; // the closing parenthesis
      if (inner === null || text === "(?:") return inner;
      return text === "("
        ? { kind: "group", node: inner }
        : { kind: "assertion", source: source.slice(start, position) };
    }
    if (REFERENCE.test(text)) return null;
    return { kind: /^(?:[$^]|\\[bB])$/.test(text) ? "assertion" : "character", source: text };
  };

  const repeated = (node: Node): Node => {
    const [text = "", low, comma, high = "", lazy] = take(QUANTIFIER) ?? [];
    if (text === "") return node;
    const ends = comma === undefined ? Number(low) : Number(high === "" ? Infinity : high);
    const [least, most] = LIMITS[text.charAt(0)] ?? [Number(low), ends];
    return { kind: "repeat", node, least, most, isLazy: lazy === "?" };
  };

  return choice();
}
