// Parts of log lines that come again and again, kept with the literals around them: finding one is cheaper than joining it, and makes
// no garbage.

/** Texts that one place of a line keeps, and how long they may be; what is longer is rendered each time. */
const KEPT_TEXTS = 64;
const KEPT_LENGTH = 256;
/** Numbers below this are kept: statuses, and the sizes and milliseconds of most answers. */
const KEPT_NUMBERS = 1024;

/**
 * Makes a function that escapes a text and puts it between two others. It keeps what it made of texts that needed no escaping, since
 * clients repeat themselves: the address and the user agent of a connection, the paths of a site.
 *
 * @param escape - gives harmless texts back as they are
 */
export function escapedBetween(
  before: string,
  after: string,
  escape: (text: string) => string,
): (text: string) => string {
  const keys = emptyTexts();
  const values = emptyTexts();
  return (text) => {
    const { length } = text;
    if (length === 0 || length > KEPT_LENGTH) return before + escape(text) + after;
    const slot = (length ^ text.charCodeAt(length >> 1) ^ text.charCodeAt(length - 1)) & (KEPT_TEXTS - 1);
    if (keys[slot] === text) return values[slot] ?? "";
    const escaped = escape(text);
    const value = before + escaped + after;
    if (escaped === text) {
      // Cut from the value: the text itself may be a part of a request head, which would stay in memory with it.
      keys[slot] = value.slice(before.length, before.length + length);
      values[slot] = value;
    }
    return value;
  };
}

function emptyTexts(): string[] {
  return Array.from({ length: KEPT_TEXTS }, () => "");
}

/**
 * Makes a function that puts a number between two texts.
 *
 * @param zero - what stands for 0
 */
export function numberBetween(before: string, after: string, zero = "0"): (value: number) => string {
  const kept = [before + zero + after];
  const render = (value: number): string => before + String(value) + after;
  return (value) => (value < KEPT_NUMBERS ? (kept[value] ??= render(value)) : render(value));
}
