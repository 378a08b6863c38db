// Chooses a media type by the header Accept. Source: RFC 9110 section 12.5.1.
import { mediaTypeOf } from "../forms/media-type.ts";
import { type MediaRange, mediaRangesOf } from "../middleware/writing/media-ranges.ts";

/**
 * Gives the type that a client likes best.
 *
 * @param accept - the header; without it anything is as good
 * @param types - that can be had, the best first
 * @returns null when the client takes none of them
 */
export function acceptedOf<Type extends string>(accept: string | undefined, types: readonly Type[]): Type | null {
  if (accept === undefined || accept.trim() === "") return types[0] ?? null;
  const ranges = mediaRangesOf(accept);
  let best: Type | null = null;
  let most = 0;
  for (const type of types) {
    const quality = qualityOf(type, ranges);
    if (quality > most) [best, most] = [type, quality];
  }
  return best;
}

/** The most specific range counts. */
function qualityOf(wanted: string, ranges: readonly MediaRange[]): number {
  const name = mediaTypeOf(wanted);
  const group = `${name.split("/", 1)[0]}/*`;
  const known = [name, group, "*/*"].map((each) => ranges.find((range) => range.name === each));
  return known.find((range) => range !== undefined)?.quality ?? 0;
}
