// The grammar of HTTP/1.1 messages, by the names of RFC 9110 and RFC 9112. Patterns run on latin-1 strings: one code unit per byte.
// All are anchored classes or single negated classes, so each is linear (CVE-2020-5236 was a backtracking header pattern).

/** token = 1*tchar (RFC 9110 section 5.6.2). */
export const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** A byte that may not stand in a field value (RFC 9110 section 5.5): anything but HTAB, SP, VCHAR and obs-text. */
export const NOT_FIELD_VALUE = /[^\t\x20-\x7e\x80-\xff]/;

/** A byte that may not stand in a request target: CTL, SP, DEL, `#`, and (our choice) everything above ASCII. */
export const NOT_TARGET = /[^\x21\x22\x24-\x7e]/;

/** status-line's status-code SP reason-phrase (RFC 9112 section 4). */
export const STATUS = /^[1-9][0-9][0-9] [\t\x20-\x7e\x80-\xff]*$/;

/** 1*DIGIT. */
export const DIGITS = /^[0-9]+$/;

/** chunk-size = 1*HEXDIG, at most 16 digits, zeros included. */
export const CHUNK_SIZE = /^[0-9A-Fa-f]{1,16}$/;

/**
 * One chunk extension: ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ], and the BWS before the next one (RFC 9112 section 7.1.1). No
 * part that repeats can begin with what the part before it repeats, so the pattern is linear.
 */
export const CHUNK_EXTENSION =
  /;[\t ]*[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:[\t ]*=[\t ]*(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"))?(?:[\t ]*(?=;)|$)/y;

/**
 * Removes optional white space (OWS, RFC 9110 section 5.6.3: SP and HTAB, nothing else) at both ends, in linear time.
 *
 * @param text - where the value stands
 * @param first - its first position
 * @param last - the position behind it
 */
export function trimOWS(text: string, first = 0, last = text.length): string {
  while (first < last && isOWS(text.charCodeAt(first))) first += 1;
  while (last > first && isOWS(text.charCodeAt(last - 1))) last -= 1;
  return text.slice(first, last);
}

/** The elements of a list, such as the options of Connection, in lower case. */
export function listOf(value: string): string[] {
  return value
    .toLowerCase()
    .split(",")
    .map((element) => trimOWS(element));
}

function isOWS(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
