// A CGI program as an application. Source: RFC 3875; docs/guests/cgi.md.
import { dirname, resolve } from "node:path";
import type { ClosingApplication } from "../../deploy/closing-application.ts";
import { OptionError } from "../../deploy/option-error.ts";
import { isExecutable, isFile } from "../../is-file.ts";
import { encodeNative } from "../../wsgi/native-string.ts";
import type { WSGIApplication, WSGIEnvironment } from "../../wsgi/types.ts";
import { checkProgramOptions } from "./check-options.ts";
import { CgiRunner, type ProgramOptions, type Script } from "./cgi-runner.ts";
import { followRedirects } from "./follow-redirects.ts";
import type { ProgramAnswer } from "./program-call.ts";

/** Which program, and how it is run. */
export interface CgiOptions extends ProgramOptions {
  /** The file to run, relative to the working directory. */
  readonly program: string;
}

/**
 * Makes an application of a program: each request runs it once. Its command line is empty, whatever the query is (RFC 3875 section 4.4 would
 * make arguments of it: CVE-2012-1823, CVE-2024-4577), and it runs in the directory where it lies.
 *
 * @throws OptionError when there is no such program, or an option is wrong
 * @example
 * const git = cgiApplication({
 *   program: "/usr/lib/git-core/git-http-backend",
 *   environment: { GIT_PROJECT_ROOT: "/srv/git", GIT_HTTP_EXPORT_ALL: "1" },
 * });
 * const server = makeServer("127.0.0.1", 8000, git);
 */
export function cgiApplication(options: CgiOptions): ClosingApplication {
  const { program } = options;
  if (typeof program !== "string" || program === "")
    throw new OptionError('Option "program" is missing; expected the file of a program');
  const path = resolve(program);
  if (!isFile(path)) throw new OptionError(`Option "program" is "${program}", which is no file; expected a program`);
  if (!isExecutable(path))
    throw new OptionError(`Option "program" is "${program}", which may not be run; make it executable with chmod +x`);
  checkProgramOptions(options);
  const native = encodeNative(path);
  const script: Script = { program: native, arguments: [], directory: dirname(native), filename: native };
  const runner = new CgiRunner(options);
  const application: WSGIApplication = function runProgram(environ, startResponse) {
    const run = (each: WSGIEnvironment): Promise<ProgramAnswer> => runner.answer(each, startResponse, script);
    return followRedirects(environ, startResponse, run, runner.followsLocalRedirects);
  };
  return Object.assign(application, { close: () => runner.close() });
}
