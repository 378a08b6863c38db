import { describe, expect, test } from "vitest";
import { openStore } from "./open-store.ts";
import { readSettings } from "./settings.ts";

function urlOf(database: string): string {
  return readSettings({ here: "/srv" }, { database }, {}).url;
}

describe("the key database", () => {
  test.each([
    ["store.db", "sqlite:/srv/store.db"],
    ["/var/store.db", "sqlite:/var/store.db"],
    ["sqlite:store.db", "sqlite:/srv/store.db"],
    ["sqlite:///var/store.db", "sqlite:///var/store.db"],
    ["postgres://me@db.example/documents", "postgres://me@db.example/documents"],
  ])("%s is %s", (database, url) => {
    expect(urlOf(database)).toBe(url);
  });

  test.each([
    "postgress://me:secret@db/x",
    "Postgres://me:secret@db/x",
    "postgres:/me:secret@db/x",
    "mysql://me:secret@db/x",
  ])("%s is refused without its password", async (database) => {
    const error: unknown = await openStore(urlOf(database)).catch((caught: unknown) => caught);
    expect(String(error)).toContain("Expected sqlite:PATH or postgres://USER@HOST/DATABASE");
    expect(String(error)).not.toContain("secret");
  });
});
