// Factories for api-paste.ini: filters that write their name into a header, and the composite that picks a pipeline by the way
// of signing in.
import type { ObjectLoader } from "../../../src/deploy/factories.ts";
import type { Configuration } from "../../../src/deploy/origin-values.ts";
import type { HeaderList, Middleware, WSGIApplication } from "../../../src/wsgi/types.ts";

export function appFactory(_globalConf: Configuration, localConf: Configuration): WSGIApplication {
  return (environ, startResponse) => {
    const filters = String((environ["demo.filters"] as number | undefined) ?? 0);
    const headers: HeaderList = [
      ["Content-Type", "text/plain"],
      ["X-Filters", filters],
    ];
    startResponse("200 OK", headers);
    const place = `${environ.SCRIPT_NAME}|${environ.PATH_INFO}|${localConf["version"] ?? ""}`;
    return [Buffer.from(place)];
  };
}

export function filterFactory(): Middleware {
  return (application) => (environ, startResponse) => {
    environ["demo.filters"] = Number(environ["demo.filters"] ?? 0) + 1;
    return application(environ, startResponse);
  };
}

export async function pipelineFactory(
  loader: ObjectLoader,
  globalConf: Configuration,
  localConf: Configuration,
): Promise<WSGIApplication> {
  const names = (localConf[globalConf["auth_strategy"] ?? ""] ?? "").split(/\s+/);
  let application = await loader.getApp(names.pop() ?? "", globalConf);
  for (const name of names.toReversed()) application = (await loader.getFilter(name, globalConf))(application);
  return application;
}
