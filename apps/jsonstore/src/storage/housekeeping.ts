// What is done when nobody waits: the rows of what was unlinked are removed, staged values that nobody will link any more too, and the
// log of changes is kept short.
import { linesOf } from "./array-pages.ts";
import { referredId, type MemberRow, type PageRow } from "./rows.ts";
import { oneRow, row, rows, run, type Work } from "./work.ts";

/** Rows that one transaction removes. */
const STEP = 500;
/** Milliseconds after which a staged value that does not grow is given up. */
const STAGING_LIFE = 600_000;
/** How long the log of changes reaches back. */
const LOG_MILLISECONDS = 24 * 60 * 60 * 1000;
const LOG_ENTRIES = 100_000;

/** Removes some rows of what is not a part of the document. @returns whether there may be more */
export function* sweep(now = Date.now()): Work<boolean> {
  const orphan = yield* row<{ readonly container: number }>("someOrphan");
  if (orphan === undefined) return yield* giveUpStaging(now);
  const { container } = orphan;
  const members = yield* rows<MemberRow>("membersAfter", container, 0, STEP);
  for (const { key, value } of members) {
    yield* orphanOf(value);
    yield* run("dropMember", container, key);
  }
  if (members.length > 0) return true;
  const pages = yield* rows<PageRow>("pagesOf", container, STEP / 5);
  for (const { id, level, data } of pages) {
    if (level === 0 && data.includes("@")) for (const line of linesOf(data)) yield* orphanOf(line);
    yield* run("dropPage", id);
  }
  if (pages.length > 0) return true;
  yield* run("dropContainer", container);
  yield* run("dropOrphan", container);
  return true;
}

function* orphanOf(value: string): Work<void> {
  const id = referredId(value);
  if (id !== null) yield* run("addOrphan", id);
}

function* giveUpStaging(now: number): Work<boolean> {
  const staging = yield* row<{ readonly id: number }>("oldStagings", now - STAGING_LIFE);
  if (staging === undefined) return false;
  const containers = yield* rows<{ readonly id: number }>("containersOfStaging", staging.id);
  for (const { id } of containers) yield* run("addOrphan", id);
  yield* run("dropStaging", staging.id);
  return true;
}

/** Shortens the log of changes a little. @returns whether there may be more */
export function* trimLog(now = Date.now()): Work<boolean> {
  const { seq } = yield* oneRow<{ readonly seq: number }>("lastSeq");
  const oldest = yield* rows<{ readonly seq: number; readonly at: number }>("oldestChanges", STEP);
  const isOld = (change: { readonly seq: number; readonly at: number }): boolean =>
    change.at < now - LOG_MILLISECONDS || change.seq <= seq - LOG_ENTRIES;
  // The newest stays: it is what the next one counts from.
  const last = oldest.findLast((change) => change.seq < seq && isOld(change));
  if (last === undefined) return false;
  yield* run("dropChanges", last.seq);
  return last === oldest.at(-1);
}
