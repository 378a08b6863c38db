// Settings of development, and of the configuration itself.
import type { Section } from "./setting.ts";

/** Development and configuration. */
export const DEBUGGING = {
  title: "Development and configuration",
  settings: {
    reload: {
      type: "boolean",
      default: false,
      source: "gunicorn",
      isForStartOnly: true,
      isCommon: true,
      doc: "Reload when a source file changes, for development. If the new code does not start, the last good version keeps serving.",
    },
    reloadExtraFile: {
      type: "list",
      item: "glob",
      default: [],
      source: "gunicorn",
      gunicorn: "reload_extra_files",
      isForStartOnly: true,
      doc: "Also reload when one of these files changes; can be repeated.",
    },
    configFile: {
      type: "text",
      default: null,
      value: "file",
      short: "c",
      flag: "config",
      variable: "TSGI_CONFIG",
      source: "gunicorn",
      gunicorn: "config",
      gunicornDefault: "`./gunicorn.conf.py`",
      isNotForFile: true,
      isCommon: true,
      doc: "Configuration file, in TypeScript, JavaScript or JSON. Without it, `tsgi.config.ts`, `.js` or `.json` in the current directory is used, if there is one.",
    },
    checkConfig: {
      type: "boolean",
      default: false,
      source: "gunicorn",
      isNotForFile: true,
      isCommon: true,
      doc: "Check the configuration and the application, and exit.",
    },
    printConfig: {
      type: "boolean",
      default: false,
      source: "gunicorn",
      isNotForFile: true,
      doc: "Print each setting with its value and where it comes from, and exit. The output is a configuration file itself.",
    },
  },
} as const satisfies Section;
