// The platforms of `tsgi init`, apart from their templates, so that every start of the command need not read those.

/** What each platform is given. */
export const PLATFORM_NAMES = {
  nginx: "a front end with nginx",
  apache: "a front end with Apache",
  lighttpd: "a front end with lighttpd",
  caddy: "a front end with Caddy",
  systemd: "a service with socket activation",
  docker: "an image",
  kubernetes: "a Deployment, a Service and a PodDisruptionBudget",
  heroku: "a Procfile",
  appengine: "an app.yaml for Google App Engine",
} as const;

/** The name of a platform. */
export type PlatformName = keyof typeof PLATFORM_NAMES;
