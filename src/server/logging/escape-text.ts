// Makes text that a client chose harmless in a log line. Source: nginx's escaping of log variables, so that existing tools can undo it.

const UNSAFE = /[^ !#-[\]-~]/;
const EACH_UNSAFE = /[^ !#-[\]-~]/g;

/** Texts that one place of a line keeps, and how long they may be; what is longer is checked each time. */
const KEPT_TEXTS = 64;
const KEPT_LENGTH = 256;

/**
 * Escapes control characters, quotes, backslashes and whatever is not ASCII as `\xHH` (`\uHHHH` above a byte), so that no client
 * can end a field, forge a line or send commands to a terminal.
 */
export function escapeText(text: string): string {
  return isHarmless(text) ? text : text.replace(EACH_UNSAFE, escapeCharacter);
}

/** Whether a text can stand in a log line as it is, also between quotes. */
export function isHarmless(text: string): boolean {
  return !UNSAFE.test(text);
}

/**
 * Makes a function that escapes a text and puts it between two others. Clients repeat themselves (the address and the user agent of a
 * connection, the paths of a site), so it keeps what it made of texts that needed no escaping: finding that again is cheaper
 * than checking and joining, and makes no garbage.
 *
 * @param escape - gives harmless texts back as they are
 */
export function escapedBetween(before: string, after: string, escape = escapeText): (text: string) => string {
  const keys: string[] = Array.from({ length: KEPT_TEXTS }, () => "");
  const values: string[] = Array.from({ length: KEPT_TEXTS }, () => before + after);
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

function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0);
  const digits = code.toString(16).toUpperCase();
  return code < 0x100 ? `\\x${digits.padStart(2, "0")}` : `\\u${digits.padStart(4, "0")}`;
}
