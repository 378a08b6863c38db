// Loads the application that a configuration file composes, with Python behind it where it names Python factories.
import { resolve } from "node:path";
import { ObjectBuilder } from "../../deploy/create.ts";
import { describePlace } from "../../deploy/errors.ts";
import { loadContext } from "../../deploy/load.ts";
import { flatten, treeOf } from "../../deploy/tree.ts";
import { parseIniTarget } from "./ini-target.ts";
import type { LoadedApplication } from "./loaded-application.ts";
import type { ErrorLog } from "../logging/error-log.ts";
import { PythonResolver, type PythonResolverOptions } from "../../guests/python/deploy/python-resolver.ts";

/**
 * Loads the application of an INI target.
 *
 * @param target - `app.ini#name` or a URI
 * @param python - how Python's processes are run
 * @param log - gets the warnings
 * @throws DeployError for a mistake in the configuration, also when a factory fails
 */
export async function loadIni(
  target: string,
  python: PythonResolverOptions,
  log: Pick<ErrorLog, "warning">,
): Promise<LoadedApplication> {
  const directory = process.cwd();
  const { uri, file, globalConf } = parseIniTarget(target, directory);
  const context = loadContext("application", uri, {
    relativeTo: directory,
    globalConf,
    onWarning: (warning) => log.warning(warning.message + describePlace(warning)),
  });
  const contexts = flatten(treeOf(context)).map((node) => node.context);
  // As pserve and gunicorn do.
  const logging = { format: "ini", isOptional: true, defaults: globalConf } as const;
  const resolver = new PythonResolver(
    file === null ? python : { logging: { ...logging, file: resolve(directory, file) }, ...python },
  );
  const builder = new ObjectBuilder([resolver]);
  const close = async (graceSeconds: number): Promise<void> => {
    await Promise.all([builder.close(graceSeconds), resolver.close(graceSeconds)]);
  };
  try {
    const application = await builder.application(context);
    await resolver.start();
    const iniFiles = new Set(contexts.flatMap(({ place }) => place.file ?? []));
    return {
      application,
      close,
      files: async () => [...iniFiles, ...(await builder.files()), ...(await resolver.modules())],
      requestsInHand: () => resolver.requestsInHand(),
    };
  } catch (error) {
    await close(0);
    throw error;
  }
}
