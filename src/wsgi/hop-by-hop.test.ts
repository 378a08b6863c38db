import { expect, it } from "vitest";
import { isHopByHop } from "./hop-by-hop.ts";

const HOPS = "Connection Keep-Alive Proxy-Authenticate Proxy-Authorization TE Trailers Transfer-Encoding Upgrade".split(
  " ",
);
const ENDS = "Accept Cache-Control Date Pragma Trailer Via Warning".split(" ");

it.each([...HOPS.map((name) => [name, true] as const), ...ENDS.map((name) => [name, false] as const)])(
  "isHopByHop of %s is %s in any case",
  (name, expected) => {
    for (const form of [name, name.toUpperCase(), name.toLowerCase()]) expect(isHopByHop(form)).toBe(expected);
  },
);
