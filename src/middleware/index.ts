// tsgi/middleware: every middleware under its name; `tsgi/middleware/<file>` gives one alone, with its factory for INI files.
// What middleware is written with comes first.
export { type Answer, answering, escapeHtml, sendAnswer, statusLine } from "./answer.ts";
export { withClose } from "./body-close.ts";
export { MiddlewareOptionError } from "./errors.ts";
export { addVary, dropHeader, findHeader, setHeader } from "./header-fields.ts";
export {
  bytes,
  type Configuration,
  decimal,
  flag,
  integer,
  lines,
  oneOf,
  type OptionReader,
  type OptionReaders,
  pairs,
  readNoOptions,
  readOptions,
  required,
  text,
  within,
  words,
} from "./options.ts";
export {
  type BodyChange,
  changeHead,
  type HeadChange,
  replaceResponse,
  type ResponseHead,
  type WholeChange,
} from "./replace-response.ts";

export { cascade, type CascadeOptions } from "./cascade.ts";
export { urlMap, type UrlMapEntry, type UrlMapOptions } from "./url-map.ts";
