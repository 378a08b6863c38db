// Requests made at random from the grammar, then damaged a little: what a fuzzer feeds to a parser. The same seed gives the same bytes.

/** Numbers from a seed (xorshift, 32 bits). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 1;
  }

  /** An integer from 0 up to, and without, `limit`. */
  below(limit: number): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return (state >>> 0) % limit;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T; // the index is below the length
  }
}

const METHODS = ["GET", "GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH"] as const;
const TARGETS = ["/", "/a?b", "/%41%2f", "//x/../y", "http://h/z?q", "/a;b=c", "/~_-.'()"] as const;
const FIELDS = [
  "Accept: */*",
  "Cookie: a=1",
  "Cookie: b=2",
  "X-A:\t1 ",
  "x-a: 2",
  "Content-Type: a/b",
  "Empty:",
  "X-High: \xe9\xff",
  "Connection: keep-alive",
  "Connection: close",
  "User-Agent: t",
  "Accept-Encoding: gzip",
] as const;
const DAMAGE = [
  "\r",
  "\n",
  "\r\n",
  "\0",
  " ",
  "\t",
  ":",
  ";",
  ",",
  "\x0b",
  "\x7f",
  "\x80",
  "\xa0",
  "\xff",
  "0",
  "5",
  "x",
  "-",
  "+",
  "_",
  "/",
  "?",
  "#",
  "%",
  '"',
  "HTTP/1.1",
  "HTTP/1.0",
  "Content-Length: 5\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Host: h\r\n",
  "\r\n\r\n",
  "chunked",
  "0\r\n\r\n",
  "\r\n ",
] as const;

/** A request that is good. */
export function makeRequest(random: Random): string {
  const version = random.below(8) === 0 ? "1.0" : "1.1";
  const fields: string[] = ["Host: h"];
  for (let count = random.below(4); count > 0; count -= 1) {
    const field = random.pick(FIELDS);
    if (!field.startsWith("Content-Type") || !fields.includes(field)) fields.push(field);
  }
  const body = "b".repeat(random.below(12));
  let coded = "";
  const framing = random.below(3);
  if (framing === 1) {
    fields.push(`Content-Length: ${body.length}`);
    coded = body;
  } else if (framing === 2 && version === "1.1") {
    fields.push("Transfer-Encoding: chunked");
    coded = chunked(random, body);
  }
  return `${random.pick(METHODS)} ${random.pick(TARGETS)} HTTP/${version}\r\n${fields.join("\r\n")}\r\n\r\n${coded}`;
}

function chunked(random: Random, body: string): string {
  let coded = "";
  for (let start = 0; start < body.length;) {
    const part = body.slice(start, start + 1 + random.below(5));
    coded += `${part.length.toString(16)}${random.pick(["", "", ";a", ";a=b", ';a="b c"'])}\r\n${part}\r\n`;
    start += part.length;
  }
  return `${coded}0\r\n${random.pick(["", "", "T: v\r\n"])}\r\n`;
}

/** One to three requests in a row, damaged in up to three places (in a fifth of all cases: nowhere). */
export function makeConnection(random: Random): string {
  let bytes = "";
  for (let count = 1 + random.below(3); count > 0; count -= 1) bytes += makeRequest(random);
  for (let count = random.below(5) === 0 ? 0 : 1 + random.below(3); count > 0; count -= 1)
    bytes = damage(random, bytes);
  return bytes;
}

function damage(random: Random, bytes: string): string {
  const at = random.below(bytes.length + 1);
  const cut = random.pick([0, 0, 1, 1, 2, 5]);
  const piece = random.below(3) === 0 ? "" : random.pick(DAMAGE);
  return bytes.slice(0, at) + piece + bytes.slice(at + cut);
}
