// Every guest behind every gateway: one conformance list for all. TypeScript runs all cases behind each gateway, the others every sixth,
// CGI programs fewer; with TSGI_MATRIX=all the others run all, too, which takes four minutes. With TSGI_MATRIX=all or =write the outcome goes to docs/matrix.json, of which
// `npm run generate` makes the table of docs/matrix.md.
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { program } from "../needs.ts";
import { DIFFERENCES } from "./differences.ts";
import { GATEWAYS, type GatewayColumn, type GatewayName, type MatrixGateways, openGateways } from "./gateways.ts";
import { GUESTS } from "./guests.ts";
import { runCell } from "./run-cell.ts";

const nginx = program("nginx");
const lighttpd = program("lighttpd");
const mode = process.env["TSGI_MATRIX"];
const isWriting = mode !== undefined;
const SAMPLE = 6;
const SMALL_SAMPLE = 30;

interface Cell {
  readonly passed: number;
  /** Cases that were tried; the others lack what they need, or were left out of a sample. */
  readonly tried: number;
  readonly isSample: boolean;
  /** Names of cases by reason. */
  readonly differences: Readonly<Record<string, readonly string[]>>;
}

const cells: Record<string, Record<string, Cell>> = {};

describe.skipIf(nginx === undefined || lighttpd === undefined)("the matrix", () => {
  let gateways: MatrixGateways;
  beforeAll(async () => {
    gateways = await openGateways({ nginx: nginx ?? "", lighttpd: lighttpd ?? "" });
  });
  afterAll(async () => {
    await gateways.close();
    if (isWriting) writeFileSync("docs/matrix.json", `${JSON.stringify(cells, null, 2)}\n`);
  });

  test.each(Object.keys(GUESTS))("%s behind each gateway", async (name) => {
    const row = GUESTS[name];
    if (row === undefined) throw new Error(`No guest is called ${name}`);
    const guest = await row.open();
    try {
      for (const gateway of Object.keys(GATEWAYS) as GatewayName[]) {
        const column: GatewayColumn = GATEWAYS[gateway];
        if (column.isSlow === true && name !== "TypeScript") continue;
        const isWhole = mode === "all" || (name === "TypeScript" && (isWriting || column.isSlow !== true));
        const every = isWhole ? 1 : row.isSlow === true ? SMALL_SAMPLE : SAMPLE;
        const lacks = [...(row.lacks ?? []), ...(column.lacks ?? [])];
        const { passed, failed, lacking } = await runCell(guest, gateways, gateways.ports[gateway], lacks, every);
        const known = DIFFERENCES.filter(
          (each) => each.guests?.includes(name) === true || each.gateways?.includes(gateway) === true,
        );
        const unknown = Object.entries(failed).filter(([each]) => !known.some(({ cases }) => cases.includes(each)));
        expect.soft(unknown, `${name} behind ${gateway}`).toEqual([]);
        // A difference that is none any more should not stay in the table.
        const steady = known.filter(({ isByChance }) => isByChance !== true).flatMap(({ cases }) => cases);
        expect
          .soft(
            steady.filter((each) => passed.includes(each)),
            `${name} behind ${gateway}`,
          )
          .toEqual([]);
        cells[name] = {
          ...cells[name],
          [gateway]: {
            passed: passed.length,
            tried: passed.length + Object.keys(failed).length,
            isSample: every > 1,
            differences: reasons(failed, lacking, known),
          },
        };
      }
    } finally {
      await guest.close();
    }
  });
});

function reasons(
  failed: Readonly<Record<string, string>>,
  lacking: Readonly<Record<string, string>>,
  known: typeof DIFFERENCES,
): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  const add = (reason: string, name: string): void => void (found[reason] = [...(found[reason] ?? []), name]);
  for (const [name, feature] of Object.entries(lacking)) add(feature, name);
  for (const name of Object.keys(failed))
    add(known.find(({ cases }) => cases.includes(name))?.reason ?? "unknown", name);
  return found;
}
