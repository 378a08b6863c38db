// tsgi/deploy: applications, filters and servers out of INI files, as PasteDeploy composes them.

export { checkConfig, formatProblems, type CheckOptions, type ConfigProblem } from "./check.ts";
export {
  childrenOf,
  layersOf,
  type Context,
  type ContextLoader,
  type DeployWarning,
  type FactoryContext,
  type FactoryReference,
  type FilterAppContext,
  type FilterWithContext,
  type PipelineContext,
  type Requirement,
} from "./context.ts";
export { asBool, asGlobalConf, asInt, asList } from "./converters.ts";
export { ObjectBuilder } from "./create.ts";
export { DeployError, type DeployErrorCode, type DeployErrorOptions, type Place } from "./errors.ts";
export {
  explain,
  formatExplanation,
  type ExplainedObject,
  type ExplainedValue,
  type ExplainOptions,
} from "./explain.ts";
export type {
  AppFactory,
  CompositeFactory,
  FilterAppFactory,
  FilterFactory,
  ObjectLoader,
  Server,
  ServerFactory,
  ServerRunner,
} from "./factories.ts";
export { formatGraph, graph, svgGraph, type GraphNode, type GraphOptions } from "./graph.ts";
export type { GuestFactory, GuestLayer, GuestResolver, Missing } from "./guest-resolver.ts";
export { exportOf, findModule, importModule, type ModuleNamespace } from "./import-module.ts";
export { parseIni, type IniEntry, type IniFile, type IniSection } from "./ini.ts";
export {
  appConfig,
  loadApp,
  loadContext,
  loadFilter,
  loadServer,
  serverConfig,
  type LoadOptions,
  type ObjectConfig,
} from "./load.ts";
export type { ObjectType, Protocol } from "./object-type.ts";
export { emitDeployWarning, type WarningListener } from "./load-session.ts";
export { OriginValues, type Configuration, type Origin, type OriginKind, type OriginValue } from "./origin-values.ts";
export { configPath, configUri, splitUri, type DeployUri, type Scheme } from "./uri.ts";
