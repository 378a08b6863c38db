// What a program writes to its standard error, as lines of the error log. It is always read, or the program would stop when its pipe is full.
import type { Readable } from "node:stream";
import { LineSplitter } from "../../protocols/line-splitter.ts";
import type { ErrorStream } from "../../wsgi/types.ts";

/** Most characters of one request. */
const MAX_LOGGED = 65_536;

/**
 * Logs the lines of a stream to its end.
 *
 * @param name - of the program, which stands before each line
 */
export function logErrors(stream: Readable, name: string, log: ErrorStream): void {
  let room = MAX_LOGGED;
  const lines = new LineSplitter((line) => {
    if (room <= 0) return;
    log.write(`${name}: ${line.slice(0, room)}\n`);
    room -= line.length;
    if (room <= 0) log.write(`${name}: The program writes more errors, which are left out\n`);
  });
  stream.setEncoding("utf8");
  stream.on("data", (text: string) => lines.push(text));
  stream.once("close", () => lines.end());
}
