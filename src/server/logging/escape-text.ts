// Makes text that a client chose harmless in a log line. Source: nginx's escaping of log variables, so that existing tools can undo it.

const UNSAFE = /[^ !#-[\]-~]/;
const EACH_UNSAFE = /[^ !#-[\]-~]/g;

// Clients repeat themselves (the user agent of a kept-alive connection): comparing with what was checked a moment ago is ten times
// cheaper than checking again. Few and short strings only, because each may keep the head that it was cut from in memory.
const CACHE_SLOTS = 64;
const CACHED_LENGTHS = { from: 2, to: 256 } as const;
const checked: string[] = Array.from({ length: CACHE_SLOTS }, () => "");

/**
 * Escapes control characters, quotes, backslashes and whatever is not ASCII as `\xHH` (`\uHHHH` above a byte), so that no client
 * can end a field, forge a line or send commands to a terminal.
 */
export function escapeText(text: string): string {
  return isHarmless(text) ? text : text.replace(EACH_UNSAFE, escapeCharacter);
}

/** Whether a text can stand in a log line as it is, also between quotes. */
export function isHarmless(text: string): boolean {
  const { length } = text;
  if (length < CACHED_LENGTHS.from || length > CACHED_LENGTHS.to) return !UNSAFE.test(text);
  const slot = (length ^ text.charCodeAt(length >> 1) ^ text.charCodeAt(length - 2)) & (CACHE_SLOTS - 1);
  if (checked[slot] === text) return true;
  if (UNSAFE.test(text)) return false;
  checked[slot] = text;
  return true;
}

function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0);
  const digits = code.toString(16).toUpperCase();
  return code < 0x100 ? `\\x${digits.padStart(2, "0")}` : `\\u${digits.padStart(4, "0")}`;
}
