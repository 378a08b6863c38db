// Texts that outlive a request. V8 makes a part of a long string by pointing into that string, so a part that is kept keeps all of it:
// the head that it stood in, with the secrets of its client.

/** Copies a latin-1 text, so that nothing but itself stays in memory with it. */
export function ownText(text: string): string {
  return Buffer.from(text, "latin1").toString("latin1");
}
