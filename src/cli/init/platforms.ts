// The platforms of `tsgi init`: each with its template and what is left to do by hand.
import { apacheFiles } from "./apache.ts";
import { appEngineFiles } from "./app-engine.ts";
import { dockerFiles } from "./docker.ts";
import type { GeneratedFile } from "./generated-file.ts";
import { herokuFiles } from "./heroku.ts";
import { kubernetesFiles } from "./kubernetes.ts";
import { caddyFiles } from "./caddy.ts";
import { lighttpdFiles } from "./lighttpd.ts";
import { nginxFiles } from "./nginx.ts";
import type { PlatformName } from "./platform-names.ts";
import type { Project } from "./project.ts";
import { systemdFiles } from "./systemd.ts";

/** One platform. */
export interface Platform {
  readonly files: (project: Project) => GeneratedFile[];
  /** What to do with the files. */
  readonly next: (project: Project) => string;
}

/** The platforms by name. */
export const PLATFORMS = {
  nginx: {
    files: nginxFiles,
    next: ({ name }) => `cp ${name}.conf /etc/nginx/conf.d/ && nginx -t && nginx -s reload`,
  },
  apache: {
    files: apacheFiles,
    next: ({ name }) =>
      `cp ${name}.conf /etc/apache2/sites-available/ && a2enmod proxy_http headers && a2ensite ${name} && apachectl -t && apachectl graceful`,
  },
  lighttpd: {
    files: lighttpdFiles,
    next: ({ name }) =>
      `cp ${name}.conf /etc/lighttpd/conf-available/50-${name}.conf && lighttpd-enable-mod ${name} && lighttpd -tt -f /etc/lighttpd/lighttpd.conf && systemctl reload lighttpd`,
  },
  caddy: {
    files: caddyFiles,
    next: () => "cp Caddyfile /etc/caddy/ && caddy validate --config /etc/caddy/Caddyfile && systemctl reload caddy",
  },
  systemd: {
    files: systemdFiles,
    next: ({ name }) =>
      `cp ${name}.service ${name}.socket /etc/systemd/system/ && systemctl daemon-reload && systemctl enable --now ${name}.socket ${name}.service`,
  },
  docker: {
    files: dockerFiles,
    next: ({ name, port }) => `docker build -t ${name} . && docker run --rm -p ${port}:${port} ${name}`,
  },
  kubernetes: {
    files: kubernetesFiles,
    next: () => "set the image in kubernetes.yaml, then kubectl apply -f kubernetes.yaml",
  },
  heroku: { files: herokuFiles, next: () => "git add Procfile, commit, git push heroku main" },
  appengine: { files: appEngineFiles, next: () => "gcloud app deploy" },
} as const satisfies Record<PlatformName, Platform>;
