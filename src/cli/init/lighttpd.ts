// The configuration of lighttpd in front of a project.
import type { GeneratedFile } from "./generated-file.ts";
import type { Project } from "./project.ts";

/** Makes `NAME.conf`, for /etc/lighttpd/conf-available. */
export function lighttpdFiles(project: Project): GeneratedFile[] {
  const server =
    project.socket === null ? `"host" => "127.0.0.1", "port" => ${project.port}` : `"host" => "${project.socket}"`;
  const text = `server.modules += ("mod_proxy", "mod_setenv")

# The longest request body, in kilobytes; tsgi's own limit is --limit-request-body.
server.max-request-size = 16384

# lighttpd decodes %2F, resolves dots and merges slashes before it passes a path on.
proxy.server = ("" => ((${server})))

# lighttpd adds its client to X-Forwarded-For, and sets X-Forwarded-Proto and -Host. tsgi believes the last address only.
setenv.set-request-header = (
    "X-Forwarded-For" => "",
    "X-Forwarded-Port" => "",
    "X-Forwarded-Prefix" => "",
    "X-Request-ID" => "",
    "Forwarded" => "",
)
`;
  return [{ path: `${project.name}.conf`, text }];
}
