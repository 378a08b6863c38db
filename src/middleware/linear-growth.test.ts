// What clients send is read in time that grows with its length. The texts are thirty times as long as the longest field, so that a reader
// whose time grows with the square takes minutes, and one whose time grows with the length takes milliseconds on any machine.
import { expect, test } from "vitest";

import { parseForwarded, readPrefix, splitList, walk } from "../http/forwarded-fields.ts";
import { CHUNK_EXTENSION, isHost } from "../http/grammar.ts";
import { parseHost } from "../http/host.ts";
import { parseTarget } from "../http/target.ts";
import { mockEnviron } from "../testing/mock-environ.ts";
import { negotiateCoding } from "./accept-encoding.ts";
import { credentialsOf, parseAuthParameters } from "./authorization.ts";
import { matchesEtag, parseHttpDate } from "./conditional-get.ts";
import { parseDirectives } from "./response-cache/freshness.ts";

const LENGTH = 262_144;
const MOST_MILLISECONDS = 5000;

/** Beginning, what is repeated, and end: the ways in which patterns go back. */
const TEXTS = [
  "a",
  " ",
  "\t",
  ",",
  ";",
  '"',
  "\\",
  "/",
  "=",
  "%41",
  "a ",
  "a,",
  ", ",
  'a="',
  '="a',
  ";q=0 ",
  "a;q=0.",
  "/a",
  "1:",
  "a.",
]
  .flatMap((unit) => ["", "a", "Basic a", 'for="', "/", "[", ";a="].map((start) => [start, unit] as const))
  .flatMap(([start, unit]) => ["", "\u0001", '"x'].map((end) => start + unit.repeat(LENGTH / unit.length) + end));

const asHeader = (name: string, text: string): ReturnType<typeof mockEnviron> =>
  Object.assign(mockEnviron(), { [name]: text });

test.each<[string, (text: string) => unknown]>([
  ["Accept-Encoding", (text) => negotiateCoding(asHeader("HTTP_ACCEPT_ENCODING", text), ["br", "gzip"])],
  ["Authorization", (text) => credentialsOf(asHeader("HTTP_AUTHORIZATION", text), "basic")],
  ["parameters of Authorization", (text) => parseAuthParameters(text)],
  ["Cache-Control", (text) => parseDirectives(text)],
  ["If-None-Match", (text) => matchesEtag(text, '"x"', "weak")],
  ["If-Modified-Since", (text) => parseHttpDate(text)],
  ["X-Forwarded-For", (text) => walk(splitList(text), () => true)],
  ["X-Forwarded-Prefix", (text) => readPrefix(text)],
  ["Forwarded", (text) => parseForwarded(text)],
  ["Host", (text) => [isHost(text), parseHost(text)]],
  ["the request target", (text) => ignoringErrors(() => parseTarget("GET", text))],
  ["chunk extensions", (text) => CHUNK_EXTENSION.test(text)],
])("%s is read in time that grows with its length", (_name, read) => {
  const slow = TEXTS.filter((text) => {
    const start = performance.now();
    read(text);
    return performance.now() - start > MOST_MILLISECONDS;
  });
  expect(slow.map((text) => text.slice(0, 20))).toEqual([]);
});

function ignoringErrors(act: () => unknown): void {
  try {
    act();
  } catch {
    // A refusal is an answer too.
  }
}
