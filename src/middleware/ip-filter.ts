// Lets requests in by the address of the client. Source: Apache's mod_authz_host and Paste's grantip for the idea.
import type { Middleware } from "../wsgi/types.ts";
import { answering } from "./writing/answer.ts";
import { MiddlewareOptionError } from "./errors.ts";
import { NetworkSet } from "./writing/network-set.ts";
import { type Configuration, fromSection, text, words } from "./writing/options.ts";

/** Options of {@link ipFilter}; addresses, networks such as `10.0.0.0/8`, and `unix` for peers on unix sockets. */
export interface IpFilterOptions {
  /** Only these are allowed. @default everybody */
  readonly allow?: readonly string[];
  /** These are refused, even if `allow` lists them. @default nobody */
  readonly deny?: readonly string[];
  /** Text of the response to others. @default "Forbidden" */
  readonly message?: string;
}

/**
 * Answers 403 to clients that are not allowed. A client whose address cannot be read matches no list.
 *
 * In a pipeline: after proxy-fix, which finds the client behind a proxy, and before everything that costs something.
 *
 * @throws MiddlewareOptionError when both lists are missing, or an entry is no network
 * @example
 * const application = ipFilter({ allow: ["10.0.0.0/8", "::1"], deny: ["10.6.6.6"] })(inner);
 */
export function ipFilter(options: IpFilterOptions): Middleware {
  const { allow, deny = [], message } = options;
  if (allow === undefined && deny.length === 0) {
    throw new MiddlewareOptionError('Options "allow" and "deny" are missing; expected one of them or both');
  }
  const allowed = allow === undefined ? null : new NetworkSet(allow, "allow");
  const denied = new NetworkSet(deny, "deny");
  const refuse = answering({ status: 403, ...(message === undefined ? {} : { text: message }) });
  return function ipFilterMiddleware(application) {
    return function filterAddress(environ, startResponse) {
      const address = environ.REMOTE_ADDR ?? "";
      const isIn = (allowed === null || allowed.has(address)) && !denied.has(address);
      return isIn ? application(environ, startResponse) : refuse(environ, startResponse);
    };
  };
}

/** The filter `egg:tsgi#ip-filter`: `allow`, `deny` (separated by blanks, commas or line ends) and `message`. */
export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
  return fromSection<IpFilterOptions>(ipFilter, localConf, { allow: words, deny: words, message: text });
}
