// A directory of CGI programs as an application. Source: RFC 3875; docs/guests/cgi.md.
import { realpathSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { ClosingApplication } from "../../deploy/closing-application.ts";
import { OptionError } from "../../deploy/option-error.ts";
import { isDirectory, isExecutable } from "../../is-file.ts";
import { encodeNative } from "../../wsgi/native-string.ts";
import type { StartResponse, WSGIApplication, WSGIEnvironment } from "../../wsgi/types.ts";
import { CgiRunner, type ProgramOptions } from "./cgi-runner.ts";
import { checkProgramOptions } from "./check-options.ts";
import { findScript, type ScriptRules } from "./find-script.ts";
import { followRedirects } from "./follow-redirects.ts";
import type { ProgramAnswer } from "./program-call.ts";

/** Which programs, and how they are run. */
export interface CgiBinOptions extends ProgramOptions {
  /** The directory of the programs, relative to the working directory. */
  readonly directory: string;
  /** Endings of programs, such as `.cgi`; all other files are not found. @default any file that may be run */
  readonly extensions?: readonly string[];
  /** Programs that run the files with an ending: `{ ".php": "/usr/bin/php-cgi" }`. Such a file need not be executable. @default none */
  readonly interpreters?: Readonly<Record<string, string>>;
  /** Files that answer for a directory. @default none */
  readonly index?: readonly string[];
  /** Whether a symbolic link may lead out of the directory. @default false */
  readonly followSymlinks?: boolean;
}

/**
 * Makes an application of a directory. The first file on the way of a path is the program; the rest of the path is its PATH_INFO.
 *
 * @throws OptionError when there is no such directory, or an option is wrong
 * @example
 * const scripts = cgiBin({ directory: "/usr/lib/cgi-bin", extensions: [".cgi", ".pl"] });
 */
export function cgiBin(options: CgiBinOptions): ClosingApplication {
  const rules = rulesOf(options);
  checkProgramOptions(options);
  const runner = new CgiRunner(options);
  const application: WSGIApplication = function runScript(environ, startResponse) {
    const run = (each: WSGIEnvironment): Promise<ProgramAnswer> => runFound(each, startResponse, runner, rules);
    return followRedirects(environ, startResponse, run, runner.followsLocalRedirects);
  };
  return Object.assign(application, { close: () => runner.close() });
}

async function runFound(
  environ: WSGIEnvironment,
  startResponse: StartResponse,
  runner: CgiRunner,
  rules: ScriptRules,
): Promise<ProgramAnswer> {
  const found = findScript(environ.PATH_INFO, rules);
  if (found.kind === "missing") {
    startResponse("404 Not Found", [["Content-Type", "text/plain; charset=utf-8"]]);
    return [Buffer.from("404 Not Found\n")];
  }
  if (found.kind === "not-executable") {
    const hint = "make it executable with chmod +x, or name its ending among the interpreters";
    environ["wsgi.errors"].write(`${found.file}: The file may not be run; ${hint}\n`);
    startResponse("403 Forbidden", [["Content-Type", "text/plain; charset=utf-8"]]);
    return [Buffer.from("403 Forbidden\n")];
  }
  const { interpreter, scriptName, pathInfo } = found;
  const file = encodeNative(found.file);
  const script = {
    program: interpreter === null ? file : encodeNative(interpreter),
    arguments: interpreter === null ? [] : [file],
    directory: dirname(file),
    filename: file,
  };
  const inner = { ...environ, SCRIPT_NAME: environ.SCRIPT_NAME + scriptName, PATH_INFO: pathInfo };
  return await runner.answer(inner, startResponse, script);
}

function rulesOf(options: CgiBinOptions): ScriptRules {
  const { directory, extensions = null, interpreters = {}, index = [], followSymlinks = false } = options;
  if (typeof directory !== "string" || directory === "")
    throw new OptionError('Option "directory" is missing; expected the directory of the programs');
  const path = resolve(directory);
  if (!isDirectory(path)) throw new OptionError(`Option "directory" is "${directory}"; expected a directory`);
  for (const ending of [...(extensions ?? []), ...Object.keys(interpreters)]) {
    if (!/^\.[^./]+$/.test(ending))
      throw new OptionError(
        `Options "extensions" and "interpreters" have "${ending}"; expected an ending such as ".cgi"`,
      );
  }
  for (const program of Object.values(interpreters)) {
    if (!program.startsWith("/") || !isExecutable(program))
      throw new OptionError(`Option "interpreters" has "${program}"; expected the absolute path of a program`);
  }
  for (const name of index) {
    if (!/^[^./\0][^/\0]*$/.test(name))
      throw new OptionError(`Option "index" has "${name}"; expected the name of a file`);
  }
  return { root: realpathSync(path), followSymlinks, extensions, interpreters, index };
}
