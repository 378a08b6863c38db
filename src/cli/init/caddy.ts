// The configuration of Caddy in front of a project.
import type { GeneratedFile } from "./generated-file.ts";
import type { Project } from "./project.ts";

/** Makes a `Caddyfile`. */
export function caddyFiles(project: Project): GeneratedFile[] {
  const upstream = project.socket === null ? `127.0.0.1:${project.port}` : `unix/${project.socket}`;
  const text = `# With SITE_ADDRESS=shop.example Caddy gets a certificate for that name, and serves https.
{$SITE_ADDRESS::80} {
    # The longest request body; tsgi's own limit is --limit-request-body.
    request_body {
        max_size 16MB
    }

    reverse_proxy ${upstream} {
        # Shorter than tsgi keeps an idle connection (--keep-alive).
        transport http {
            keepalive 4s
        }

        # Caddy sets X-Forwarded-For, -Proto and -Host anew. What a client says in the others goes no further.
        header_up -Forwarded
        header_up -X-Forwarded-Port
        header_up -X-Forwarded-Prefix
        header_up -X-Request-ID
    }
}
`;
  return [{ path: "Caddyfile", text }];
}
