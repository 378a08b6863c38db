// tsgi/forms: the forms of HTML, urlencoded and multipart, within limits.
export { FormError } from "./errors.ts";
export type { FormErrorCode } from "./errors.ts";
export { FieldStorage, FieldStorageItem, fieldStorage } from "./field-storage.ts";
export type { FieldStorageOptions } from "./field-storage.ts";
export { FormFile } from "./form-file.ts";
export type { FileHead, MoveOptions } from "./form-file.ts";
export { Form } from "./form.ts";
export { FORM_LIMITS } from "./limits.ts";
export type { FormLimits } from "./limits.ts";
export { parseForm } from "./parse-form.ts";
export type { OnFile } from "./multipart-form.ts";
export { peekField } from "./peek-field.ts";
export type { FormOptions } from "./parse-form.ts";
export { StreamedPart } from "./streamed-part.ts";
export type { Field } from "./urlencoded.ts";
