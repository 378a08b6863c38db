// All SQL of the store, by name: one text for SQLite and PostgreSQL. Parameters are question marks in their order.
//
// The document is a tree. What is small lies inline, as its exact compact text, in the row of its parent. A larger object has a row for
// each member, a larger array pages of lines under a tree that counts (array-pages.ts). A value that starts with `@` is no text but the
// id of such a container: no text of JSON starts so.

/** The root of the document is the member "" of a container that is not there. */
export const ROOT_CONTAINER = 0;
export const ROOT_KEY = "";

/** Objects inside each other that one statement walks through. */
export const WALKED = 3;

export const STATEMENTS = {
  getMeta: "SELECT value FROM meta WHERE key = ?",
  // Each write is in the log, and the newest is never trimmed.
  lastSeq: "SELECT coalesce(max(seq), 0) AS seq FROM change",
  // What most paths need, in one statement: the root, and members in it while the value before is an object with rows.
  walk: `SELECT (SELECT coalesce(max(seq), 0) FROM change) AS seq,
    m0.value AS v0, m1.value AS v1, m2.value AS v2, m3.value AS v3
    FROM (SELECT 1) AS one
    LEFT JOIN member AS m0 ON m0.container = 0 AND m0.key = ''
    LEFT JOIN member AS m1 ON m1.container = ${referredBy("m0")} AND m1.key = ?
    LEFT JOIN member AS m2 ON m2.container = ${referredBy("m1")} AND m2.key = ?
    LEFT JOIN member AS m3 ON m3.container = ${referredBy("m2")} AND m3.key = ?`,

  getContainer: "SELECT id, kind, count, root_page AS root, version FROM container WHERE id = ?",
  addContainer: "INSERT INTO container (kind, count, version, staging) VALUES (?, 0, ?, ?) RETURNING id",
  setContainer: "UPDATE container SET count = ?, root_page = ?, version = ? WHERE id = ?",
  touchContainer: "UPDATE container SET version = ? WHERE id = ?",
  countContainer: "UPDATE container SET count = count + ?, version = ? WHERE id = ?",
  dropContainer: "DELETE FROM container WHERE id = ?",
  containersOfStaging: "SELECT id FROM container WHERE staging = ?",

  getMember: "SELECT value FROM member WHERE container = ? AND key = ?",
  setMember: "UPDATE member SET value = ? WHERE container = ? AND key = ?",
  addMember: "INSERT INTO member (container, key, ord, value) VALUES (?, ?, ?, ?)",
  lastOrder: "SELECT max(ord) AS ord FROM member WHERE container = ?",
  dropMember: "DELETE FROM member WHERE container = ? AND key = ?",
  membersAfter: "SELECT key, ord, value FROM member WHERE container = ? AND ord > ? ORDER BY ord LIMIT ?",
  orderBehind: "SELECT ord FROM member WHERE container = ? AND ord > ? ORDER BY ord LIMIT 1 OFFSET ?",
  membersBetween:
    "SELECT key, ord, value FROM member WHERE container = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?",
  memberAt: "SELECT value FROM member WHERE container = ? AND ord = ?",
  // As one text; what is long or a container has lines of its own, which no text of JSON has. The rows come in the order of the inner
  // statement: to have the outer one sort them again would take half of the time.
  memberText: `SELECT string_agg('"' || key || '":' || shown, ',') AS text, max(ord) AS last, count(*) AS number
    FROM (SELECT key, ord, CASE WHEN octet_length(value) > 4096 THEN '\n=' || ord || '\n'
      WHEN value >= '@' AND value < 'A' THEN '\n' || value || '\n' ELSE value END AS shown
      FROM member WHERE container = ? AND ord > ? ORDER BY ord LIMIT ?) AS part`,

  getPage: "SELECT id, level, data FROM page WHERE id = ?",
  // Of pages of one level, in the order of the ids, which are told again: who sorts takes three times as long. Lines become elements here,
  // because that is quicker than in a text of JavaScript; where one is a reference, nothing is made of them.
  pagesText: `SELECT string_agg(page.id, ',') AS ids, max(page.level) AS level,
    max(page.level > 0 OR substr(page.data, 1, 1) = '@' OR instr(page.data, '\n@') > 0) AS isMore,
    string_agg(replace(page.data, '\n', ','), ',') AS text
    FROM json_each(?) AS ids CROSS JOIN page ON page.id = ids.value`,
  countRows: "SELECT (SELECT count(*) FROM container) AS containers, (SELECT count(*) FROM page) AS pages",
  addPage: "INSERT INTO page (container, level, data) VALUES (?, ?, ?) RETURNING id",
  setPage: "UPDATE page SET data = ? WHERE id = ?",
  dropPage: "DELETE FROM page WHERE id = ?",
  pagesOf: "SELECT id, level, data FROM page WHERE container = ? LIMIT ?",

  addChange: "INSERT INTO change (seq, number, op, path, value, at) VALUES (?, ?, ?, ?, ?, ?)",
  changesAfter: "SELECT seq, op, path, value FROM change WHERE seq > ? ORDER BY seq, number LIMIT ?",
  oldestChange: "SELECT min(seq) AS seq FROM change",
  dropChanges: "DELETE FROM change WHERE seq <= ?",
  oldestChanges: "SELECT seq, at FROM change ORDER BY seq, number LIMIT ?",

  addOrphan: "INSERT INTO orphan (container) VALUES (?) ON CONFLICT DO NOTHING",
  someOrphan: "SELECT container FROM orphan LIMIT 1",
  dropOrphan: "DELETE FROM orphan WHERE container = ?",

  addStaging: "INSERT INTO staging (at) VALUES (?) RETURNING id",
  keepStaging: "UPDATE staging SET at = ? WHERE id = ?",
  dropStaging: "DELETE FROM staging WHERE id = ? RETURNING id",
  oldStagings: "SELECT id FROM staging WHERE at < ? LIMIT 1",
} as const;

/** Name of a statement. */
export type StatementName = keyof typeof STATEMENTS;

const READING: ReadonlySet<string> = new Set(
  Object.entries(STATEMENTS).flatMap(([name, sql]) => (sql.startsWith("SELECT") ? [name] : [])),
);

/** Whether a statement changes nothing. */
export function isReading(name: StatementName): boolean {
  return READING.has(name);
}

/** Number and kind of the tables' format; another one is refused. */
export const FORMAT = "2";

/** SQL of the container that the value of a row refers to; null for a text. */
function referredBy(row: string): string {
  return `CASE WHEN substr(${row}.value, 1, 1) = '@' THEN CAST(substr(${row}.value, 2) AS BIGINT) END`;
}
