// The conformance list: what every gateway must do, whatever protocol it speaks.

import { bodyCases } from "./body-cases.ts";
import type { ConformanceCase } from "./conformance-case.ts";
import { environCases } from "./environ-cases.ts";
import { errorCases } from "./error-cases.ts";
import { headerCases } from "./header-cases.ts";
import { inputCases } from "./input-cases.ts";
import { lifetimeCases } from "./lifetime-cases.ts";
import { statusCases } from "./status-cases.ts";

/** All cases; their names differ. */
export const conformanceCases: readonly ConformanceCase[] = [
  ...statusCases,
  ...headerCases,
  ...bodyCases,
  ...inputCases,
  ...environCases,
  ...errorCases,
  ...lifetimeCases,
];
