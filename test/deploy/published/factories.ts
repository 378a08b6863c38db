// Factories for the cases that PasteDeploy publishes. What they make can be looked into: `about` says how it was made.
import type { Middleware, WSGIApplication } from "../../../src/wsgi/types.ts";
import type { Configuration } from "../../../src/deploy/origin-values.ts";
import type { ObjectLoader, Server } from "../../../src/deploy/factories.ts";

/** What a test finds out about an application. */
export interface About {
  readonly made: string;
  readonly globalConf?: Configuration;
  readonly localConf?: Configuration;
  readonly inner?: unknown;
  readonly mounts?: Readonly<Record<string, unknown>>;
}

/** Says how an application was made. */
export function aboutOf(application: unknown): About {
  return (application as { about: About }).about;
}

function described(about: About): WSGIApplication & { about: About } {
  return Object.assign<WSGIApplication, { about: About }>(
    (_environ, startResponse) => {
      startResponse("200 OK", []);
      return [];
    },
    { about },
  );
}

export function basicApp(): WSGIApplication {
  return described({ made: "basic" });
}

export function otherApp(): WSGIApplication {
  return described({ made: "other" });
}

export function configuredApp(globalConf: Configuration, localConf: Configuration): WSGIApplication {
  return described({ made: "configured", globalConf, localConf });
}

/** A composite: the keys are addresses, the values names of applications. */
export async function byAddress(
  loader: ObjectLoader,
  globalConf: Configuration,
  localConf: Configuration,
): Promise<WSGIApplication> {
  const mounts: Record<string, unknown> = {};
  for (const [address, name] of Object.entries(localConf)) {
    mounts[address] = aboutOf(await loader.getApp(name, globalConf));
  }
  return described({ made: "by-address", mounts });
}

export function capsFilter(globalConf: Configuration, localConf: Configuration): Middleware {
  return (application) => described({ made: "caps", globalConf, localConf, inner: aboutOf(application) });
}

export function capsFilterApp(
  application: WSGIApplication,
  globalConf: Configuration,
  localConf: Configuration,
): WSGIApplication {
  return described({ made: "caps2", globalConf, localConf, inner: aboutOf(application) });
}

export function recordingServer(globalConf: Configuration, localConf: Configuration): Server {
  return (application) => ({ made: "server", globalConf, localConf, serves: aboutOf(application) });
}

export function serverRunner(
  application: WSGIApplication,
  globalConf: Configuration,
  localConf: Configuration,
): unknown {
  return { made: "runner", globalConf, localConf, serves: aboutOf(application) };
}
