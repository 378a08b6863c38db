// What stands on the command line beside the target: KEY=value for an INI file, and which of its server sections is meant.
import type { DeployWarning } from "../deploy/context.ts";
import { describePlace } from "../deploy/errors.ts";
import { isIniTarget, withVariables } from "../server/loading/ini-target.ts";
import type { Layer } from "../server/settings/layer.ts";
import { ExcessArgumentError } from "./errors.ts";

/** Help of --server-name. */
export const SERVER_NAME_HELP = "Which [server:NAME] of an INI file gives settings (default: main, if there)";

/**
 * Parts what stands after the target: before `--` for TSGI, after it for the program that is served.
 *
 * @param operands - all arguments after the target that are no options, without the `--`
 * @param argv - the whole command line
 */
export function splitOperands(
  operands: readonly string[],
  argv: readonly string[],
): readonly [own: readonly string[], program: readonly string[]] {
  const mark = argv.indexOf("--");
  const count = mark === -1 ? 0 : Math.min(argv.length - mark - 1, operands.length);
  return [operands.slice(0, operands.length - count), operands.slice(operands.length - count)];
}

/** The settings with the arguments of the program that is served. */
export function withArguments(commandLine: Layer, program: readonly string[]): Layer {
  if (program.length === 0) return commandLine;
  return [...commandLine, { name: "arguments", raw: program, origin: "--", place: `-- ${program.join(" ")}` }];
}

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
    throw new ExcessArgumentError(
      `Too many arguments: "${first}"; only an INI file takes more (KEY=value) after the target`,
    );
  }
  const full = target === undefined ? undefined : withVariables(target, variables);
  if (serverName === undefined && (full === undefined || !isIniTarget(full))) return [full, commandLine];
  const { withIniServer } = await import("../server/loading/ini-server.ts");
  const onWarning = (warning: DeployWarning): boolean =>
    process.stderr.write(`tsgi: Warning: ${warning.message}${describePlace(warning)}\n`);
  return [full, withIniServer(full, commandLine, { serverName, directory, onWarning })];
}
