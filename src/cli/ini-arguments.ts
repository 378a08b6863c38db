// What stands on the command line beside the target: KEY=value for an INI file, and which of its server sections is meant.
import type { DeployWarning } from "../deploy/context.ts";
import { describePlace } from "../deploy/errors.ts";
import { isIniTarget, withVariables } from "../server/ini-target.ts";
import type { Layer } from "../server/settings/layer.ts";
import { UsageError } from "./errors.ts";

/** Help of the arguments after the target. */
export const VARIABLES_HELP = "KEY=value for the global values of an INI file; repeatable";
/** Help of --server-name. */
export const SERVER_NAME_HELP = "take settings from [server:name] of an INI file (default: main, if it is there)";

/**
 * Puts the arguments into the target, and the file's server section into the settings.
 *
 * @param target - undefined when the settings name one
 * @param variables - the arguments after it
 * @param commandLine - the settings of the command line
 * @param serverName - of --server-name
 * @param directory - what the path of the file is relative to. @default the working directory
 * @throws UsageError for arguments that the target does not take
 * @throws SettingError or DeployError for a mistake in the file
 */
export async function iniArguments(
  target: string | undefined,
  variables: readonly string[],
  commandLine: Layer,
  serverName: string | undefined,
  directory: string = process.cwd(),
): Promise<[target: string | undefined, settings: Layer]> {
  const [first] = variables;
  if (first !== undefined && (target === undefined || !isIniTarget(target))) {
    throw new UsageError(`Too many arguments: "${first}"; only an INI file takes more (KEY=value) after the target`);
  }
  const full = target === undefined ? undefined : withVariables(target, variables);
  if (serverName === undefined && (full === undefined || !isIniTarget(full))) return [full, commandLine];
  const { withIniServer } = await import("../server/ini-server.ts");
  const onWarning = (warning: DeployWarning): boolean =>
    process.stderr.write(`tsgi: Warning: ${warning.message}${describePlace(warning)}\n`);
  return [full, withIniServer(full, commandLine, { serverName, directory, onWarning })];
}
