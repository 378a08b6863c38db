// Tells the application where a front end has it, when the front end does not. Source: waitress, url_prefix and url_scheme.
import { scriptName } from "../../middleware/script-name.ts";
import type { WSGIApplication } from "../../wsgi/types.ts";
import type { Settings } from "../settings/table.ts";

/**
 * Puts an application under the path and the scheme of the settings.
 *
 * @throws MiddlewareOptionError when the prefix is no path
 */
export function mounted(
  application: WSGIApplication,
  { urlPrefix, urlScheme }: Pick<Settings, "urlPrefix" | "urlScheme">,
): WSGIApplication {
  const inner =
    urlPrefix === null || /^\/*$/.test(urlPrefix) ? application : scriptName({ prefix: urlPrefix })(application);
  if (urlScheme === "auto") return inner;
  return function withScheme(environ, startResponse) {
    environ["wsgi.url_scheme"] = urlScheme;
    return inner(environ, startResponse);
  };
}
