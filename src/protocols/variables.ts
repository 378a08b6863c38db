// The variables of a request, as the protocols between web servers and applications carry them.

import { GatewayProtocolError } from "./errors.ts";

/** A variable: name and value as native strings, one code point per byte. */
export type Variable = readonly [name: string, value: string];

/** Most bytes of the variables of a request, and most variables. Source: nginx, whose FastCGI PARAMS fit into one record. */
export interface VariableLimits {
  readonly maxBytes: number;
  readonly maxVariables: number;
}

/** What nginx can send at most, and gunicorn takes at most. */
export const DEFAULT_VARIABLE_LIMITS: VariableLimits = { maxBytes: 65_536, maxVariables: 1000 };

/** @throws GatewayProtocolError when so many bytes are too many */
export function checkVariableBytes(bytes: number, { maxBytes }: VariableLimits): void {
  if (bytes <= maxBytes) return;
  throw new GatewayProtocolError(
    431,
    "ERR_TSGI_VARIABLES_TOO_LARGE",
    `The variables of the request have more than ${maxBytes} bytes`,
  );
}

/** @throws GatewayProtocolError when so many variables are too many */
export function checkVariableCount(count: number, { maxVariables }: VariableLimits): void {
  if (count <= maxVariables) return;
  throw new GatewayProtocolError(
    431,
    "ERR_TSGI_TOO_MANY_VARIABLES",
    `The request has more than ${maxVariables} variables`,
  );
}
