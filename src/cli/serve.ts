// `tsgi TARGET`: resolves the settings and hands over to the arbiter, which serves until a signal ends it. Log lines are gunicorn's.
import { resolve } from "node:path";
import { Arbiter } from "../server/arbiter/arbiter.ts";
import type { ArbiterOptions } from "../server/settings/arbiter-options.ts";
import type { ErrorLog } from "../server/logging/error-log.ts";
import { enterDirectory } from "../server/settings/enter-directory.ts";
import { failureText } from "./failure-text.ts";
import { isIniTarget } from "../server/loading/ini-target.ts";
import { isPythonProgram } from "../guests/python/is-program.ts";
import { guestLanguageOf } from "../server/loading/guest-language.ts";
import { openAccessFile } from "../server/logging/open-logs.ts";
import type { ScriptAddress } from "../server/loading/script-address.ts";
import type { Hooks } from "../server/settings/hooks.ts";
import type { Layer } from "../server/settings/layer.ts";
import { DEFAULT_ORIGIN, type ResolvedSettings, resolveSettings } from "../server/settings/resolve.ts";
import type { Settings } from "../server/settings/table.ts";
import { Services } from "../server/arbiter/services.ts";
import { exitCodeOf, NoTargetError, UsageError } from "./errors.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import { openErrorLog } from "./open-error-log.ts";

/** Set in the process that --daemon starts in the background. */
const DAEMON_VARIABLE = "TSGI_IN_BACKGROUND";

/** Reads what the command line says, and what stands in the INI file that it names. */
export type ArgumentReader = () => Promise<readonly [target: string | undefined, commandLine: Layer]>;

/** What a server is made from; a reload reads it again. */
interface ServeConfiguration {
  readonly options: ArbiterOptions;
  readonly hooks: Hooks;
}

/**
 * Serves until a signal ends it.
 *
 * @param readArguments - called again for each reload; a target that is undefined is one that the settings name
 * @param version - of this package
 * @returns the exit code of the process
 * @throws TargetError when the application cannot be loaded, ServerError or CommandError when it cannot be served
 */
export async function serve(readArguments: ArgumentReader, version: string): Promise<number> {
  const directory = process.cwd();
  const [target, commandLine] = await readArguments();
  const resolved = await resolveSettings({ commandLine });
  const { settings } = resolved;
  if (settings.printConfig || settings.checkConfig) {
    await check(settings);
    const { showConfig } = await import("./show-config.ts");
    return await showConfig(resolved, target ?? settings.target);
  }
  const first: ServeConfiguration = {
    options: withTarget(target, settings, resolve(directory, settings.chdir ?? ".")),
    hooks: resolved.hooks,
  };
  await check(settings);
  const isInBackground = process.env[DAEMON_VARIABLE] !== undefined;
  if (settings.daemon && !isInBackground) {
    const { daemonize } = await import("../server/arbiter/daemon.ts");
    return await daemonize(DAEMON_VARIABLE, settings.enableStdioInheritance);
  }
  if (settings.chdir !== null) enterDirectory(resolve(directory, settings.chdir));
  const log = openErrorLog(settings);
  const place = new ScriptPlace();
  const reread = (): Promise<ServeConfiguration> => readConfiguration(readArguments, directory, place);
  const makeArbiter = async ({ options, hooks }: ServeConfiguration, whenLoaded?: FilesListener): Promise<Arbiter> =>
    new Arbiter(options, {
      log,
      version,
      hooks,
      directory,
      command: process.argv.slice(1),
      reread,
      services: new Services(options, log),
      whenReady: isInBackground ? reportReady : undefined,
      whenLoaded,
    });
  try {
    if (settings.reload) return await serveEdited(first, makeArbiter, reread, log);
    return await (await makeArbiter({ ...first, options: await place.apply(first.options, resolved.origins) })).run();
  } catch (error) {
    if (isInBackground) await reportFailure(error);
    throw error;
  }
}

type FilesListener = (files: readonly string[]) => void;

/** --reload. */
async function serveEdited(
  first: ServeConfiguration,
  makeArbiter: (configuration: ServeConfiguration, whenLoaded: FilesListener) => Promise<Arbiter>,
  reread: () => Promise<ServeConfiguration>,
  log: ErrorLog,
): Promise<number> {
  const [{ serveAndWatch, watchedSource }, { ReloadWatcher }] = await Promise.all([
    import("./reload.ts"),
    import("./reload-watcher.ts"),
  ]);
  const { target, python, configFile, reloadExtraFile: globs } = first.options;
  const watcher = await ReloadWatcher.open({ sourceFile: await watchedSource(target, python), configFile, globs }, log);
  try {
    return await serveAndWatch(async () => makeArbiter(await reread(), (files) => watcher.add(files)), watcher, log);
  } finally {
    await watcher.close();
  }
}

async function reportReady(): Promise<void> {
  const { tellForeground } = await import("../server/arbiter/daemon.ts");
  await tellForeground({ type: "daemon-ready" });
}

async function reportFailure(error: unknown): Promise<void> {
  const { tellForeground } = await import("../server/arbiter/daemon.ts");
  const text = failureText(error);
  await tellForeground({ type: "daemon-failed", text, exitCode: exitCodeOf(error) ?? EXIT_CODES.unexpected });
}

/** The configuration as it is now: the environment stays, files may have changed. */
async function readConfiguration(
  readArguments: ArgumentReader,
  directory: string,
  place: ScriptPlace,
): Promise<ServeConfiguration> {
  const [target, commandLine] = await readArguments();
  const { settings, hooks, origins } = await resolveSettings({ commandLine, directory });
  await check(settings);
  return { options: await place.apply(withTarget(target, settings, process.cwd()), origins), hooks };
}

/** A script that starts a server itself is served where it would have served, unless a setting says where. */
class ScriptPlace {
  #address: ScriptAddress | null = null;

  async apply(options: ArbiterOptions, origins: ResolvedSettings["origins"]): Promise<ArbiterOptions> {
    const { target, python } = options;
    if (
      origins.bind !== DEFAULT_ORIGIN ||
      isIniTarget(target) ||
      guestLanguageOf(target, python) !== "python" ||
      !isPythonProgram(target)
    )
      return options;
    const { ScriptAddress: Finder } = await import("../server/loading/script-address.ts");
    this.#address ??= new Finder();
    const address = await this.#address.find(options);
    return address === null ? options : { ...options, bind: [address] };
  }
}

/** @throws UsageError without a target, or for arguments that it does not take */
function withTarget(named: string | undefined, settings: Settings, directory: string): ArbiterOptions {
  const target = named ?? settings.target;
  if (target === null) throw new NoTargetError();
  const [first] = settings.arguments;
  if (first !== undefined && !isIniTarget(target) && guestLanguageOf(target, settings.python, directory) === null) {
    throw new UsageError(
      `Too many arguments: "${first}"; only an application in Python, Ruby or Perl takes arguments after "--"`,
    );
  }
  return { ...settings, target };
}

/** Finds faults of the settings that only a look at files or formats shows, before anything is started. */
async function check(settings: Settings): Promise<void> {
  if (
    settings.certfile !== null ||
    settings.keyfile !== null ||
    settings.caCerts !== null ||
    settings.certReqs !== "0"
  ) {
    const { tlsOptions } = await import("./tls-files.ts");
    await tlsOptions(settings);
  }
  if (settings.accessLogfile !== null) {
    const { compileAccessLogFormat } = await import("../server/logging/access-log.ts");
    compileAccessLogFormat(settings.accessLogformat);
    openAccessFile(settings)?.close();
  }
}
