// Refuses requests for other hosts than one's own, so that nobody poisons links, caches or e-mails through the Host field. Source:
// Django's ALLOWED_HOSTS for the patterns; RFC 9110 section 7.2 and 15.5.1.
import type { Middleware } from "../wsgi/types.ts";
import { answering } from "./writing/answer.ts";
import { HostSet } from "./writing/host-set.ts";
import { requestedHost } from "./writing/host.ts";
import { type Configuration, fromSection, required, words } from "./writing/options.ts";

/** Options of {@link allowedHosts}. */
export interface AllowedHostsOptions {
  /** Names (`shop.example`), names including all subdomains (`.shop.example`), or only subdomains (`*.shop.example`). Ports are ignored. */
  readonly hosts: readonly string[];
}

/**
 * Answers 400 to requests whose Host is not in the list or malformed.
 *
 * In a pipeline: outermost, after proxy-fix.
 *
 * @throws MiddlewareOptionError when the list is empty, or an entry is no host
 * @example
 * const application = allowedHosts({ hosts: ["shop.example", ".shop.example", "localhost"] })(inner);
 */
export function allowedHosts(options: AllowedHostsOptions): Middleware {
  const hosts = new HostSet(required(options.hosts, "hosts", "names of hosts"), "hosts");
  const refuse = answering({ status: 400, text: "This host is not served here" });

  return function allowedHostsMiddleware(application) {
    return function checkHost(environ, startResponse) {
      const host = requestedHost(environ);
      return host !== null && hosts.has(host.name)
        ? application(environ, startResponse)
        : refuse(environ, startResponse);
    };
  };
}

/** The filter `egg:tsgi#allowed-hosts`: `hosts`, separated by blanks, commas or line ends. */
export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
  return fromSection<AllowedHostsOptions>(allowedHosts, localConf, { hosts: words });
}
