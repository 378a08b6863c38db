// Checks that the rows make one tree: every container and page is there once, counts are right, texts are JSON, nothing is left over.
import { compact } from "../text/compact.ts";
import { entriesOf, linesOf } from "./array-pages.ts";
import { sweep } from "./housekeeping.ts";
import { referredId, type ContainerRow, type MemberRow, type PageRow } from "./rows.ts";
import { ROOT_CONTAINER, ROOT_KEY } from "./statements.ts";
import type { Store } from "./store.ts";
import { oneRow, row, rows, type Work } from "./work.ts";

/** How thorough a check is. */
export interface VerifyOptions {
  /** Whether what is not part of the document is removed first, as if it were old; nobody may be writing. @default false */
  readonly isSwept?: boolean;
  /** Is told how many nodes were checked so far. */
  readonly onProgress?: (nodes: number) => void;
}

const STEP = 500;
const UNLIMITED = {
  depth: Number.POSITIVE_INFINITY,
  keyBytes: Number.POSITIVE_INFINITY,
  stringBytes: Number.POSITIVE_INFINITY,
};

/**
 * Checks a store.
 *
 * @returns what is wrong, a line each
 */
export async function verifyStore(
  store: Store,
  { isSwept = false, onProgress }: VerifyOptions = {},
): Promise<string[]> {
  if (isSwept) while (await store.write(() => sweep(Number.MAX_SAFE_INTEGER)));
  const faults: string[] = [];
  const snapshot = await store.snapshot();
  try {
    const seen = new Set<number>();
    const pagesSeen = new Set<number>();
    let nodes = 0;
    const note = (): void => {
      nodes += 1;
      if (nodes % 1000 === 0) onProgress?.(nodes);
    };
    for await (const fault of snapshot.pieces((emit) => check(seen, pagesSeen, note, (line) => emit(`${line}\n`)))) {
      faults.push(...fault.trim().split("\n"));
    }
    const { containers, pages } = await snapshot.read(() => oneRow<{ containers: number; pages: number }>("countRows"));
    const lost = containers - seen.size;
    if (isSwept && lost !== 0) faults.push(`${lost} containers are not part of the document`);
    if (isSwept && pages !== pagesSeen.size)
      faults.push(`${pages - pagesSeen.size} pages are not part of the document`);
  } finally {
    await snapshot.close();
  }
  return faults;
}

function* check(
  seen: Set<number>,
  pagesSeen: Set<number>,
  note: () => void,
  fault: (line: string) => void,
): Work<void> {
  const root = yield* row<{ readonly value: string }>("getMember", ROOT_CONTAINER, ROOT_KEY);
  const waiting: number[] = [];
  const take = (value: string, where: string): void => {
    note();
    const id = referredId(value);
    if (id === null) checkText(value, where, fault);
    else if (seen.has(id)) fault(`Container ${id} is there twice, again in ${where}`);
    else waiting.push(id);
    if (id !== null) seen.add(id);
  };
  if (root !== undefined) take(root.value, "the root");
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    const container = yield* row<ContainerRow>("getContainer", id);
    if (container === undefined) fault(`Container ${id} is missing`);
    else if (container.kind === "object") yield* checkObject(container, take, fault);
    else yield* checkArray(container, take, fault, pagesSeen);
  }
}

function* checkObject({ id, count }: ContainerRow, take: Take, fault: Fault): Work<void> {
  let found = 0;
  let after = 0;
  for (;;) {
    const members = yield* rows<MemberRow>("membersAfter", id, after, STEP);
    for (const { key, value } of members) take(value, `member "${key}" of container ${id}`);
    found += members.length;
    after = members.at(-1)?.ord ?? after;
    if (members.length < STEP) break;
  }
  if (found !== count) fault(`Container ${id} has ${found} members, but counts ${count}`);
}

function* checkArray({ id, count, root }: ContainerRow, take: Take, fault: Fault, seen: Set<number>): Work<void> {
  const found = root === null ? 0 : yield* checkPage(root, id, null, take, fault, seen);
  if (found !== count) fault(`Container ${id} has ${found} elements, but counts ${count}`);
}

/** @returns the number of elements below */
function* checkPage(
  page: number,
  container: number,
  level: number | null,
  take: Take,
  fault: Fault,
  seen: Set<number>,
): Work<number> {
  if (seen.has(page)) {
    fault(`Page ${page} is there twice, again in container ${container}`);
    return 0;
  }
  seen.add(page);
  const found = yield* row<PageRow>("getPage", page);
  if (found === undefined) {
    fault(`Page ${page} of container ${container} is missing`);
    return 0;
  }
  if (level !== null && found.level !== level) fault(`Page ${page} has level ${found.level}, expected ${level}`);
  if (found.level === 0) {
    const lines = linesOf(found.data);
    for (const line of lines) take(line, `page ${page} of container ${container}`);
    return lines.length;
  }
  let total = 0;
  for (const entry of entriesOf(found.data)) {
    const below = yield* checkPage(entry.page, container, found.level - 1, take, fault, seen);
    if (below !== entry.count)
      fault(`Page ${entry.page} has ${below} elements, but ${entry.count} are counted above it`);
    total += below;
  }
  return total;
}

type Take = (value: string, where: string) => void;
type Fault = (line: string) => void;

function checkText(text: string, where: string, fault: Fault): void {
  try {
    if (compact(text, UNLIMITED) !== text) fault(`The text in ${where} is not compact`);
  } catch (error) {
    fault(`The text in ${where} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}
