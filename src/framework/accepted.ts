// Chooses a media type by the header Accept. Source: RFC 9110 section 12.5.1.

interface Range {
  readonly type: string;
  readonly subtype: string;
  readonly quality: number;
}

/**
 * Gives the type that a client likes best.
 *
 * @param accept - the header; without it anything is as good
 * @param types - that can be had, the best first
 * @returns null when the client takes none of them
 */
export function acceptedOf<Type extends string>(accept: string | undefined, types: readonly Type[]): Type | null {
  if (accept === undefined || accept.trim() === "") return types[0] ?? null;
  const ranges = accept.split(",").map(readRange);
  let best: Type | null = null;
  let most = 0;
  for (const type of types) {
    const quality = qualityOf(type, ranges);
    if (quality > most) [best, most] = [type, quality];
  }
  return best;
}

function readRange(text: string): Range {
  const [name = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const [type = "", subtype = ""] = name.split("/");
  const quality = parameters.find((each) => each.startsWith("q="));
  return { type, subtype, quality: quality === undefined ? 1 : Number(quality.slice(2)) || 0 };
}

/** The most specific range counts. */
function qualityOf(wanted: string, ranges: readonly Range[]): number {
  const [type = "", subtype = ""] = wanted.toLowerCase().split(";", 1)[0]?.split("/") ?? [];
  const exact = ranges.find((range) => range.type === type && range.subtype === subtype);
  const group = ranges.find((range) => range.type === type && range.subtype === "*");
  const any = ranges.find((range) => range.type === "*" && range.subtype === "*");
  return (exact ?? group ?? any)?.quality ?? 0;
}
