// tsgi/middleware/writing: what middleware is written with.
export { type Answer, answering, escapeHtml, sendAnswer, statusLine } from "./answer.ts";
export { withClose } from "./body-close.ts";
export { MiddlewareOptionError } from "../errors.ts";
export { isEqualSecret } from "./constant-time.ts";
export { addVary, dropHeader, findHeader, setHeader } from "./header-fields.ts";
export {
  bytes,
  type Configuration,
  decimal,
  fileIn,
  flag,
  integer,
  lines,
  oneOf,
  type OptionReader,
  type OptionReaders,
  pairs,
  readNoOptions,
  fromSection,
  readOptions,
  required,
  text,
  within,
  words,
} from "./options.ts";
export { isPersonal, PERSONAL, PersonalMark, personalMark } from "./personal.ts";
export {
  type BodyChange,
  changeHead,
  type HeadChange,
  replaceResponse,
  type ResponseHead,
  type WholeChange,
} from "./replace-response.ts";
export { type Host, parseHost } from "../../http/host.ts";
export { requestedHost, requestedOrigin } from "./host.ts";
