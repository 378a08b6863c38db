// Runs the conformance list for one guest behind one gateway.
import type { ConformanceCase, ConformanceFeature } from "../../src/testing/conformance/conformance-case.ts";
import { conformanceCases } from "../../src/testing/conformance/conformance-cases.ts";
import { TestClient } from "../../src/testing/test-client.ts";
import { toApplication } from "../../src/wsgi/application.ts";
import { validator } from "../../src/wsgi/validator.ts";
import type { MatrixGateways } from "./gateways.ts";
import type { MatrixGuest } from "./guests.ts";

/** What came of a cell. */
export interface CellResult {
  /** Names of the cases that were run and passed. */
  readonly passed: readonly string[];
  /** Why each of the others did not, by name. */
  readonly failed: Readonly<Record<string, string>>;
  /** Cases that need what the guest or the gateway cannot carry. */
  readonly lacking: Readonly<Record<string, ConformanceFeature>>;
}

/**
 * Runs cases, one after another.
 *
 * @param every - runs each so manieth case only; 1 for all
 */
export async function runCell(
  guest: MatrixGuest,
  gateways: MatrixGateways,
  port: number,
  lacks: readonly ConformanceFeature[],
  every: number,
): Promise<CellResult> {
  const passed: string[] = [];
  const failed: Record<string, string> = {};
  const lacking: Record<string, ConformanceFeature> = {};
  for (const [index, testCase] of conformanceCases.entries()) {
    const missing = testCase.needs?.find((feature) => lacks.includes(feature));
    if (missing !== undefined) lacking[testCase.name] = missing;
    else if (index % every === 0) {
      const complaint = await runCase(testCase, guest, gateways, port);
      if (complaint === null) passed.push(testCase.name);
      else failed[testCase.name] = complaint;
    }
  }
  return { passed, failed, lacking };
}

/** @returns what is wrong; null when nothing is */
async function runCase(
  testCase: ConformanceCase,
  guest: MatrixGuest,
  gateways: MatrixGateways,
  port: number,
): Promise<string | null> {
  const application = toApplication(testCase.app);
  gateways.serve(guest.guestOf(testCase.breaksContract === true ? application : validator(application), testCase));
  const client = new TestClient(`http://127.0.0.1:${port}`);
  try {
    await testCase.exercise(client);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    client.close();
  }
}
