// The Date field (RFC 9110 section 6.6.1), written anew when a second is over and not before: to ask the clock for each answer costs more
// than everything else that is done for the field.

let line = "";

/**
 * The Date field of an answer that is sent now.
 *
 * @returns `Date: <IMF-fixdate>` with its line end
 */
export function dateLine(): string {
  if (line === "") {
    const now = new Date();
    line = `Date: ${now.toUTCString()}\r\n`;
    setTimeout(forget, 1000 - now.getMilliseconds()).unref();
  }
  return line;
}

function forget(): void {
  line = "";
}
