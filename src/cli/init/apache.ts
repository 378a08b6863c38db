// The configuration of Apache in front of a project.
import type { GeneratedFile } from "./generated-file.ts";
import type { Project } from "./project.ts";

/** Makes `NAME.conf`, for /etc/apache2/sites-available. */
export function apacheFiles(project: Project): GeneratedFile[] {
  const server =
    project.socket === null ? `http://127.0.0.1:${project.port}/` : `unix:${project.socket}|http://${project.name}/`;
  const text = `<VirtualHost *:80>
    # Paths go on as the client sent them: Apache decodes %2F twice otherwise, or answers it with 404.
    AllowEncodedSlashes NoDecode
    ProxyPass "/" "${server}" nocanon
    ProxyPreserveHost On

    # Longer than --timeout, so that tsgi itself answers 504 and logs the reason.
    ProxyTimeout 40

    # The longest request body; tsgi's own limit is --limit-request-body.
    LimitRequestBody 16777216

    # Set or remove each header that describes the client: Apache passes on all others as the client sent them.
    ProxyAddHeaders Off
    RequestHeader set X-Forwarded-For "expr=%{REMOTE_ADDR}"
    RequestHeader set X-Forwarded-Proto "expr=%{REQUEST_SCHEME}"
    RequestHeader set X-Forwarded-Host "expr=%{HTTP_HOST}"
    RequestHeader unset X-Forwarded-Port
    RequestHeader unset X-Forwarded-Prefix
    RequestHeader unset X-Request-ID
    RequestHeader unset Forwarded
    RequestHeader unset Proxy
</VirtualHost>
`;
  return [{ path: `${project.name}.conf`, text }];
}
