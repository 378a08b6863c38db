// The media types of forms. Source: WHATWG HTML, "enctype".

/** A form as it is in a query. */
export const URLENCODED = "application/x-www-form-urlencoded";
/** A form in parts. */
export const MULTIPART = "multipart/form-data";

/** Gives the media type of a Content-Type, in lower case and without parameters; empty when there is none. */
export function mediaTypeOf(contentType = ""): string {
  const semicolon = contentType.indexOf(";");
  return (semicolon === -1 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase();
}
