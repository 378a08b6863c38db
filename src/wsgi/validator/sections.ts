// All rules of the contract in the order of SPEC.md.
import type { RuleSection } from "../rule.ts";
import { AFTER_END_SECTION } from "./after-end.ts";
import { APPLICATION_SECTION } from "./application.ts";
import { BODY_SECTION } from "./body.ts";
import { CLOSE_SECTION } from "./close.ts";
import { EARLY_HINTS_SECTION } from "./early-hints.ts";
import { ENVIRON_SECTION } from "./environ.ts";
import { ERRORS_SECTION } from "./errors.ts";
import { INPUT_SECTION } from "./input.ts";
import { START_RESPONSE_SECTION } from "./start-response.ts";
import { UPGRADE_SECTION } from "./upgrade.ts";
import { WRITE_SECTION } from "./write.ts";

/** The sections of SPEC.md. Each rule is in exactly one. */
export const RULE_SECTIONS: readonly RuleSection[] = [
  APPLICATION_SECTION,
  ENVIRON_SECTION,
  INPUT_SECTION,
  ERRORS_SECTION,
  START_RESPONSE_SECTION,
  EARLY_HINTS_SECTION,
  WRITE_SECTION,
  BODY_SECTION,
  CLOSE_SECTION,
  AFTER_END_SECTION,
  UPGRADE_SECTION,
];
