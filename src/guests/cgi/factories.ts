// CGI programs of INI files and of targets: `egg:tsgi#cgi`, `egg:tsgi#cgi-bin`, `cgi:PROGRAM`, `cgi-bin:DIRECTORY`.
import type { ClosingApplication } from "../../deploy/closing-application.ts";
import type { Configuration } from "../../deploy/origin-values.ts";
import {
  decimal,
  fileIn,
  flag,
  fromSection,
  integer,
  oneOf,
  type OptionReaders,
  pairs,
  words,
} from "../../deploy/section-options.ts";
import { cgiApplication, type CgiOptions } from "./cgi-application.ts";
import { cgiBin, type CgiBinOptions } from "./cgi-bin.ts";
import type { ProgramOptions } from "./cgi-runner.ts";

/** `egg:tsgi#cgi`. @throws OptionError, DeployError for an option that is unknown or wrong */
export function appFactory(globalConf: Configuration, localConf: Configuration): ClosingApplication {
  const readers: OptionReaders<CgiOptions> = { ...readersOf(globalConf), program: fileIn(globalConf) };
  return fromSection<CgiOptions, ClosingApplication>(cgiApplication, localConf, readers);
}

/** `egg:tsgi#cgi-bin`. @throws OptionError, DeployError for an option that is unknown or wrong */
export function binAppFactory(globalConf: Configuration, localConf: Configuration): ClosingApplication {
  const readers: OptionReaders<CgiBinOptions> = {
    ...readersOf(globalConf),
    directory: fileIn(globalConf),
    extensions: words,
    interpreters: pairs,
    index: words,
    followSymlinks: flag,
  };
  return fromSection<CgiBinOptions, ClosingApplication>(cgiBin, localConf, readers);
}

function readersOf(globalConf: Configuration): Required<OptionReaders<ProgramOptions>> {
  return {
    environment: pairs,
    passEnv: words,
    passKeys: words,
    authorization: oneOf("hide", "pass"),
    documentRoot: fileIn(globalConf),
    maxProcesses: integer,
    maxWaiting: integer,
    headTimeout: decimal,
    idleTimeout: decimal,
    killTimeout: decimal,
    streamChunked: flag,
    localRedirects: flag,
  };
}
