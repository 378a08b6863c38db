// The statements in PostgreSQL's words.
import { STATEMENTS, type StatementName } from "../statements.ts";

/** Characters of a key that are indexed: an entry of an index may have 2704 bytes, and a key may be longer. */
export const INDEXED = 600;

/** What PostgreSQL says in another way. */
const OTHERS: Partial<Record<StatementName, string>> = {
  pagesText: `SELECT string_agg(page.data, '\n' ORDER BY ids.key) AS text, max(page.level) AS level, count(*) AS number
    FROM jsonb_array_elements_text(CAST(? AS jsonb)) WITH ORDINALITY AS ids (value, key)
    JOIN page ON page.id = CAST(ids.value AS bigint)`,
  membersBetween: `SELECT key, ord, value FROM member WHERE container = $1 AND key >= $2 AND key < $3
    AND left(key, ${INDEXED}) BETWEEN left($2, ${INDEXED}) AND left($3, ${INDEXED})
    ORDER BY left(key, ${INDEXED}), key LIMIT $4`,
};

/** Statements for many rows at once: a list for each column. */
export const LISTS: Partial<Record<StatementName, string>> = {
  addMember: `INSERT INTO member (container, key, ord, value)
    SELECT * FROM unnest(CAST($1 AS bigint[]), CAST($2 AS text[]), CAST($3 AS bigint[]), CAST($4 AS text[]))`,
};

/** All statements. */
export const POSTGRES_STATEMENTS = Object.fromEntries(
  Object.entries(STATEMENTS).map(([name, sql]) => [name, translate(OTHERS[name as StatementName] ?? sql)]),
) as Record<StatementName, string>; // the names are those of STATEMENTS

function translate(sql: string): string {
  let number = 0;
  const numbered = sql.replaceAll("?", () => `$${(number += 1)}`);
  // A key is found by its indexed beginning first.
  return numbered.replaceAll(
    /(\w+\.)?key = (\$\d+)/g,
    (_, table: string | undefined, parameter: string) =>
      `left(${table ?? ""}key, ${INDEXED}) = left(${parameter}, ${INDEXED}) AND ${table ?? ""}key = ${parameter}`,
  );
}
