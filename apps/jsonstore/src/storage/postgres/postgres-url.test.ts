import { describe, expect, test } from "vitest";
import { parsePostgresUrl } from "./postgres-url.ts";

describe("parsePostgresUrl", () => {
  test.each([
    ["?schema=plans", "-c search_path=plans"],
    ["?options=-c%20work_mem%3D8MB&schema=plans", "-c work_mem=8MB -c search_path=plans"],
    ["?options=-c+search_path%3Dpublic", "-c search_path=public -c search_path=jsonstore"],
  ])("%s leads to the schema, whatever options are there", (query, options) => {
    const { connectionString } = parsePostgresUrl(`postgres://me@db.example/documents${query}`);
    expect(new URL(connectionString).searchParams.get("options")).toBe(options);
  });
});
