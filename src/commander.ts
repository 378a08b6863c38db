// commander, which reads command lines. `import` would have Node compile its parser for the exports of CommonJS modules, and read each
// file of the package twice: a tenth of every start.
import { createRequire } from "node:module";
import type * as Commander from "commander";

const require = createRequire(import.meta.url);

export const { Argument, Command, CommanderError, Option } = require("commander") as typeof Commander;

export type Argument = Commander.Argument;
export type Command = Commander.Command;
export type Help = Commander.Help;
export type CommanderError = Commander.CommanderError;
export type Option = Commander.Option;
