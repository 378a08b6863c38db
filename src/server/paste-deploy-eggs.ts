// egg:PasteDeploy#config and egg:PasteDeploy#prefix where Python has no PasteDeploy: TSGI's filters of the same keys.
// Source: the entry points of PasteDeploy 3.1. Asked after Python, so that an installed PasteDeploy wins.
import { DeployError } from "../deploy/errors.ts";
import type { GuestFactory, GuestLayer, GuestResolver } from "../deploy/guest-resolver.ts";
import type { Protocol } from "../deploy/object-type.ts";
import { compose } from "../wsgi/compose.ts";
import type { Middleware } from "../wsgi/types.ts";

type Load = () => Promise<{ filterFactory(globalConf: Values, localConf: Values): Middleware }>;
type Values = Readonly<Record<string, string>>;

const FILTERS: Readonly<Record<string, Load>> = {
  config: () => import("../middleware/paste-config.ts"),
  prefix: () => import("../middleware/paste-prefix.ts"),
};

/** Stands in for a PasteDeploy that is not installed. */
export const pasteDeployEggs: GuestResolver = {
  language: "TSGI",
  findCall: () => Promise.resolve(null),
  findEntryPoints: (distribution, name, groups) => {
    if (!isPasteDeploy(distribution)) return Promise.resolve(null);
    const protocol: Protocol = "paste.filter_factory";
    const isThere = groups.includes(protocol) && Object.hasOwn(FILTERS, name);
    const found: GuestFactory = { protocol, location: `tsgi#paste-${name}`, handle: FILTERS[name] };
    return Promise.resolve(isThere ? [found] : []);
  },
  candidates: (missing) =>
    Promise.resolve(missing.kind === "entryPoint" && isPasteDeploy(missing.distribution) ? Object.keys(FILTERS) : []),
  hasDistribution: (distribution) => Promise.resolve(isPasteDeploy(distribution)),
  createApplication: ([layer]) => Promise.reject(noApplication(layer)),
  createMiddleware: async (layers) => {
    const filters = layers.map(async ({ factory, globalConf, localConf }) => {
      const module = await (factory.handle as Load)();
      return module.filterFactory(globalConf, localConf);
    });
    return compose(...(await Promise.all(filters)));
  },
};

/** Whether a distribution is PasteDeploy, in any spelling of the name. */
export function isPasteDeploy(distribution: string): boolean {
  return distribution.toLowerCase().replaceAll(/[-_.]/g, "") === "pastedeploy";
}

function noApplication(layer: GuestLayer | undefined): DeployError {
  const what = `"${layer?.factory.location ?? ""}" is a filter; expected an application`;
  return new DeployError("ERR_TSGI_DEPLOY_FACTORY", what);
}
