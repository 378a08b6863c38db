// Arguments that a client has chosen. A query without "=" becomes arguments of a CGI program (RFC 3875 section 4.4), and Apache still does so:
// `?--mount+/x` would be an option of ours. The same opened PHP to everybody (CVE-2012-1823).
import { unescapeBytes } from "../http/unescape-bytes.ts";

/** The name of the command and its target are the administrator's. */
const OWN_WORDS = 2;

/**
 * Takes the words of the query from the end of a command line, if they are there.
 *
 * @param argv - the arguments after the name of the program
 * @param environment - in which there may be a CGI request
 */
export function withoutQueryWords(argv: readonly string[], environment: NodeJS.ProcessEnv): readonly string[] {
  const query = environment["QUERY_STRING"] ?? "";
  if (argv[0] !== "cgi" || query === "" || query.includes("=")) return argv;
  const words = query.split("+").map((word) => plain(Buffer.from(unescapeBytes(word), "latin1").toString("utf8")));
  const start = argv.length - words.length;
  const isThere = start >= OWN_WORDS && words.every((word, index) => word === plain(argv[start + index] ?? ""));
  return isThere ? argv.slice(0, start) : argv;
}

/** Apache puts backslashes before what means something to a shell. */
function plain(word: string): string {
  return word.replaceAll("\\", "");
}
