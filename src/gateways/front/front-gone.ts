// What a request is told when the connection of its web server goes. Made only for a request that has no answer yet: nearly every connection
// goes after its last answer, and an error with its stack costs as much as all else that its end costs.
import { ClientDisconnected } from "../../http/errors.ts";

/** The front has closed its connection too early. @param cause - the error of the socket, if there was one */
export function frontGone(cause: Error | null): ClientDisconnected {
  return new ClientDisconnected(
    "The web server in front closed the connection before the response was complete",
    cause === null ? {} : { cause },
  );
}
