// The Date field (RFC 9110 section 6.6.1), written anew once a second at most.

let second = 0;
let line = "";

/**
 * The Date field of an answer that is sent now.
 *
 * @returns `Date: <IMF-fixdate>` with its line end
 */
export function dateLine(): string {
  const now = Math.floor(Date.now() / 1000);
  if (now !== second) {
    second = now;
    line = `Date: ${new Date(now * 1000).toUTCString()}\r\n`;
  }
  return line;
}
