// The platforms of `tsgi init`, each with its template and what is left to do by hand.
import { appEngineFiles } from "./app-engine.ts";
import { dockerFiles } from "./docker.ts";
import type { GeneratedFile } from "./generated-file.ts";
import { herokuFiles } from "./heroku.ts";
import { kubernetesFiles } from "./kubernetes.ts";
import { nginxFiles } from "./nginx.ts";
import type { Project } from "./project.ts";
import { systemdFiles } from "./systemd.ts";

/** One platform. */
export interface Platform {
  readonly about: string;
  readonly files: (project: Project) => GeneratedFile[];
  /** What to do with the files. */
  readonly next: (project: Project) => string;
}

/** The platforms by name. */
export const PLATFORMS = {
  nginx: {
    about: "a front end with nginx",
    files: nginxFiles,
    next: ({ name }) => `cp ${name}.conf /etc/nginx/conf.d/ && nginx -t && nginx -s reload`,
  },
  systemd: {
    about: "a service with socket activation",
    files: systemdFiles,
    next: ({ name }) =>
      `cp ${name}.service ${name}.socket /etc/systemd/system/ && systemctl daemon-reload && systemctl enable --now ${name}.socket ${name}.service`,
  },
  docker: {
    about: "an image",
    files: dockerFiles,
    next: ({ name, port }) => `docker build -t ${name} . && docker run --rm -p ${port}:${port} ${name}`,
  },
  kubernetes: {
    about: "a Deployment, a Service and a PodDisruptionBudget",
    files: kubernetesFiles,
    next: () => "set the image in kubernetes.yaml, then kubectl apply -f kubernetes.yaml",
  },
  heroku: { about: "a Procfile", files: herokuFiles, next: () => "git add Procfile, commit, git push heroku main" },
  appengine: { about: "an app.yaml for Google App Engine", files: appEngineFiles, next: () => "gcloud app deploy" },
} as const satisfies Record<string, Platform>;

/** The name of a platform. */
export type PlatformName = keyof typeof PLATFORMS;
