// Runs the conformance list against one gateway, under any test runner.

import { toApplication } from "../../wsgi/application.ts";
import type { WSGIApplication } from "../../wsgi/types.ts";
import { validator } from "../../wsgi/validator.ts";
import type { TestClient } from "../test-client.ts";
import type { ConformanceCase, ConformanceFeature } from "./conformance-case.ts";
import { conformanceCases } from "./conformance-cases.ts";

/** An application that is being served, and a client for it. */
export interface ServedApplication {
  readonly client: TestClient;
  /** Stops serving and frees everything. */
  close(): void | Promise<void>;
}

/** The gateway under test. */
export interface ConformanceGateway {
  /**
   * Serves an application. It is already wrapped in the validator if the case allows that.
   *
   * @param application - what to serve
   * @param testCase - the case it belongs to; a gateway that starts a program finds it again by its name
   */
  serve(application: WSGIApplication, testCase: ConformanceCase): ServedApplication | Promise<ServedApplication>;
  /** Features that this gateway lacks; cases that need them are skipped. @default nothing */
  readonly lacks?: readonly ConformanceFeature[];
}

/**
 * Registers each case that the gateway must pass.
 *
 * @param register - `it` or `test` of the runner
 * @returns the names of the cases left out, so that a test can assert that it is these and no more
 * @example
 * runConformance(test, { serve: (application) => ({ client: new TestClient(application), close() {} }) });
 */
export function runConformance(
  register: (name: string, run: () => Promise<void>) => void,
  gateway: ConformanceGateway,
): string[] {
  const leftOut: string[] = [];
  for (const testCase of conformanceCases) {
    if (testCase.needs?.some((feature) => gateway.lacks?.includes(feature))) leftOut.push(testCase.name);
    else register(testCase.name, () => runCase(testCase, gateway));
  }
  return leftOut;
}

async function runCase(testCase: ConformanceCase, gateway: ConformanceGateway): Promise<void> {
  const application = toApplication(testCase.app);
  const served = await gateway.serve(testCase.breaksContract ? application : validator(application), testCase);
  try {
    await testCase.exercise(served.client);
  } finally {
    served.client.close();
    await served.close();
  }
}
