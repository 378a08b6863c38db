// Where a guest or a gateway differs on purpose, with the reason as the table of the docs gives it.

/** A difference. */
export interface Difference {
  readonly reason: string;
  /** Guests and gateways that have it. */
  readonly guests?: readonly string[];
  readonly gateways?: readonly string[];
  readonly cases: readonly string[];
  /** Whether a case has it depends on what comes first. @default it always has it */
  readonly isByChance?: boolean;
}

/** All of them. */
export const DIFFERENCES: readonly Difference[] = [
  {
    reason: "`Headers` join the fields of one name",
    guests: ["fetch"],
    gateways: ["fetch"],
    cases: ["A hundred headers arrive in order"],
  },
  {
    reason: "@hono/node-server waits for two chunks before it sends, and answers 500 when one fails",
    gateways: ["fetch"],
    isByChance: true,
    cases: [
      "A generator that throws after its first chunk breaks the answer off",
      "An async generator that throws after its first chunk breaks the answer off",
      "excInfo after the first chunk is thrown again, which breaks the answer off",
      "A streamed body shorter than its Content-Length breaks the answer off",
    ],
  },
  {
    reason:
      "lighttpd decides before CGI: about empty headers, unknown methods, paths that are not UTF-8, and underscores in names",
    gateways: ["CGI (lighttpd)"],
    cases: [
      "An empty header value arrives",
      "A method that the gateway does not know is the application's to judge",
      "PATH_INFO keeps bytes that are not UTF-8",
      "A header with an underscore cannot forge another variable",
    ],
  },
  {
    reason: "Python programs send hop-by-hop headers; they are dropped with a warning",
    guests: ["Python"],
    cases: ['The header ["Connection","close"] gives a 500', 'The header ["Transfer-Encoding","chunked"] gives a 500'],
  },
];
