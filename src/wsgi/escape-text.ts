// Makes text that a client chose harmless in a log line. Source: nginx's escaping of log variables, so that existing tools can undo it.

const UNSAFE = /[^ !#-[\]-~]/;
const EACH_UNSAFE = /[^ !#-[\]-~]/g;

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

function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0);
  const digits = code.toString(16).toUpperCase();
  return code < 0x100 ? `\\x${digits.padStart(2, "0")}` : `\\u${digits.padStart(4, "0")}`;
}
