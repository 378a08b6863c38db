// The configuration of nginx in front of a project.
import type { GeneratedFile } from "./generated-file.ts";
import type { Project } from "./project.ts";

/** Makes `NAME.conf`, for /etc/nginx/conf.d. */
export function nginxFiles(project: Project): GeneratedFile[] {
  const server = project.socket === null ? `127.0.0.1:${project.port}` : `unix:${project.socket}`;
  const text = `upstream ${project.name} {
    server ${server} fail_timeout=0;

    # nginx closes idle connections before tsgi does (--keep-alive, 5 s), so no request is sent into a closing connection.
    keepalive 32;
    keepalive_timeout 4s;
}

server {
    listen 80;
    server_name _;

    # The longest request body; tsgi's own limit is --limit-request-body.
    client_max_body_size 16m;

    location / {
        proxy_pass http://${project.name};
        proxy_http_version 1.1;
        proxy_set_header Connection "";

        # Set or empty each header that describes the client: nginx passes on all others as the client sent them.
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header X-Forwarded-Host $http_host;
        proxy_set_header X-Forwarded-Port "";
        proxy_set_header X-Forwarded-Prefix "";
        proxy_set_header Forwarded "";
        proxy_set_header X-Request-ID $request_id;

        # Longer than --timeout, so that tsgi itself answers 504 and logs the reason.
        proxy_read_timeout 40s;

        # nginx buffers requests and responses. To stream a response, send X-Accel-Buffering: no with it.
        proxy_buffering on;
        proxy_request_buffering on;
    }
}
`;
  return [{ path: `${project.name}.conf`, text }];
}
