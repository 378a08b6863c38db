// Options of upstreams that are told of a request by CGI variables: FastCGI, SCGI, uwsgi.
import { OptionError } from "../../deploy/option-error.ts";
import { flag, pairs, words, type OptionReaders } from "../../deploy/section-options.ts";
import { encodeNative } from "../../wsgi/native-string.ts";
import type { Variable } from "../../protocols/variables.ts";
import { POOL_READERS, poolSettings, type PoolOptions } from "./pool-options.ts";
import { parseUpstreamAddress } from "./upstream-address.ts";
import { UpstreamPool } from "./upstream-pool.ts";

/** Options of each of them. */
export interface CgiUpstreamOptions extends PoolOptions {
  /** Where it listens: `HOST:PORT` or `unix:PATH`; a list for several that are alike. */
  readonly upstream: string | readonly string[];
  /** Whether the header `Authorization` is told. @default true: the application behind is yours */
  readonly authorization?: boolean;
  /** Keys of the environ that are told beside those of CGI, such as one that your middleware sets. @default none */
  readonly pass?: readonly string[];
  /** Variables with fixed values. @default none */
  readonly variables?: Readonly<Record<string, string>>;
  /** False to send a body of known length on as it comes. @default true */
  readonly bufferBody?: boolean;
}

/** How they are read in an INI file. */
export const CGI_READERS: OptionReaders<CgiUpstreamOptions> = {
  ...POOL_READERS,
  upstream: words,
  authorization: flag,
  pass: words,
  variables: pairs,
  bufferBody: flag,
};

/** The defaults of their pools: each connection occupies a process, and most upstreams have few. */
export const CGI_POOL: PoolOptions = { maxConnections: 16, maxIdle: 0 };

/** Makes the pool. @param scheme - for messages */
export function cgiPool(scheme: string, options: CgiUpstreamOptions, defaults: PoolOptions = CGI_POOL): UpstreamPool {
  const { upstream } = options;
  const texts = (typeof upstream === "string" ? [upstream] : (upstream ?? [])).filter((each) => each !== "");
  if (texts.length === 0)
    throw new OptionError('Option "upstream" is missing; expected HOST:PORT or unix:PATH of the server behind');
  const addresses = texts.map((each) => {
    const address = each.replace(new RegExp(`^${scheme}:(?://)?`, "i"), "");
    const label = address.startsWith("unix:") ? `${scheme}:${address}` : `${scheme}://${address}`;
    return parseUpstreamAddress(address, null, label);
  });
  return new UpstreamPool(addresses, poolSettings(options, defaults));
}

const NAME = /^[A-Za-z_][\w.]*$/;

/** Checks the variables with fixed values. */
export function fixedVariables({ variables = {} }: Pick<CgiUpstreamOptions, "variables">): Variable[] {
  return Object.entries(variables).map(([name, value]) => {
    if (!NAME.test(name) || name.startsWith("HTTP_"))
      throw new OptionError(
        `Option "variables" has the name "${name}"; expected letters, digits and "_", not beginning with "HTTP_"`,
      );
    if (value.includes("\0")) throw new OptionError(`Option "variables" has a NUL in the value of "${name}"`);
    return [name, encodeNative(value)];
  });
}

/** Puts variables behind others, whose values they replace. */
export function withFixed(variables: Variable[], fixed: readonly Variable[]): Variable[] {
  if (fixed.length === 0) return variables;
  const names = new Set(fixed.map(([name]) => name));
  return [...variables.filter(([name]) => !names.has(name)), ...fixed];
}
