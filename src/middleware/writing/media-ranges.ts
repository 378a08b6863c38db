// What a client says it takes, by the header Accept. Source: RFC 9110 section 12.5.1.

/** One range of the header: a media type, or a wildcard. */
export interface MediaRange {
  /** In lower case and without parameters, such as `text/html` or `text/*`. */
  readonly name: string;
  /** From 0 to 1. Nothing is 1; what is no number is 0. */
  readonly quality: number;
}

/** Reads the header Accept. */
export function mediaRangesOf(accept: string): MediaRange[] {
  return accept
    .toLowerCase()
    .split(",")
    .map((range) => {
      const [name = "", ...parameters] = range.split(";").map((part) => part.trim());
      const quality = parameters.find((parameter) => parameter.startsWith("q="));
      return { name, quality: quality === undefined ? 1 : Number(quality.slice(2)) || 0 };
    });
}
