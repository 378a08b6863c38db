// The validator as a filter, so that an INI file can put it anywhere. Source: Paste's "lint" filter; wsgiref.validate.
import type { Middleware } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import { readNoOptions, type Configuration } from "./writing/options.ts";

/**
 * Checks the contract between the parts outside and inside of it. Each breach throws where it happens.
 *
 * In a pipeline: between two parts that are suspected, while developing and in tests. It costs several times a hello request, so it does
 * not belong in production.
 *
 * @returns middleware that changes nothing
 */
export function validatorFilter(): Middleware {
  return validator;
}

/** For INI files: `use = egg:tsgi#validator-filter`, no options. */
export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
  readNoOptions(localConf);
  return validatorFilter();
}
