// The statements in PostgreSQL's words.
import { STATEMENTS, type StatementName } from "../statements.ts";

/** Characters of a key that are indexed: an entry of an index may have 2704 bytes, and a key may be longer. */
export const INDEXED = 600;

/** What PostgreSQL says in another way. */
const OTHERS: Partial<Record<StatementName, string>> = {
  memberText: `SELECT string_agg('"' || key || '":' || shown, ',' ORDER BY ord) AS text, max(ord) AS last, count(*) AS number
    FROM (SELECT key, ord, CASE WHEN octet_length(value) > 4096 THEN '\n=' || ord || '\n'
      WHEN left(value, 1) = '@' THEN '\n' || value || '\n' ELSE value END AS shown
      FROM member WHERE container = ? AND ord > ? ORDER BY ord LIMIT ?) AS part`,
  pagesText: `SELECT string_agg(CAST(page.id AS text), ',' ORDER BY ids.key) AS ids, max(page.level) AS level,
    max(CASE WHEN page.level > 0 OR left(page.data, 1) = '@' OR strpos(page.data, '\n@') > 0 THEN 1 ELSE 0 END) AS "isMore",
    string_agg(replace(page.data, '\n', ','), ',' ORDER BY ids.key) AS text
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
  touchContainer: `UPDATE container SET version = list.version
    FROM unnest(CAST($1 AS bigint[]), CAST($2 AS bigint[])) AS list (version, id) WHERE container.id = list.id`,
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
