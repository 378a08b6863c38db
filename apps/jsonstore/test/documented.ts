// Holds every answer against the tables of what can be asked: what is not in them is a fault of the tables, or of the answer.
import type { HeaderList, WSGIApplication, WSGIBody } from "tsgi/wsgi";
import {
  ANSWER_FIELDS,
  COMMON_PROBLEMS,
  OPERATIONS,
  OPERATIONS_BY_METHOD,
  OTHER_METHOD_PROBLEMS,
} from "../src/operations.ts";
import { PROBLEMS } from "../src/problems.ts";

/** Returns the application with answers that are checked. */
export function documented(application: WSGIApplication): WSGIApplication {
  return (environ, startResponse) => {
    let status = 0;
    let headers: HeaderList = [];
    const answer = application(environ, (line, list, ...rest) => {
      status = Number(line.slice(0, 3));
      headers = list;
      return startResponse(line, list, ...rest);
    });
    const checked = (body: WSGIBody): WSGIBody => {
      check(environ.REQUEST_METHOD, status, headers, body);
      return body;
    };
    return answer instanceof Promise ? answer.then(checked) : checked(answer);
  };
}

function check(method: string, status: number, headers: HeaderList, body: WSGIBody): void {
  const operations = (OPERATIONS_BY_METHOD.get(method) ?? []).map((name) => OPERATIONS[name]);
  const type = headers.find(([name]) => name === "Content-Type")?.[1];
  if (type === "application/problem+json") {
    const known: readonly string[] = [
      ...COMMON_PROBLEMS,
      ...(operations.length === 0 ? OTHER_METHOD_PROBLEMS : operations.flatMap(({ problems }) => [...problems])),
    ];
    const [code, [documentedStatus]] = Object.entries(PROBLEMS).find(([name]) => isAbout(body, name)) ?? ["", [status]];
    // An answer to HEAD has no body, and no name of the problem in it.
    if ((method !== "HEAD" && !known.includes(code)) || documentedStatus !== status)
      throw new Error(`The problem "${code}" with ${status} is not in the table of ${method}`);
    return;
  }
  if (!operations.some(({ answers }) => (answers as readonly number[]).includes(status)))
    throw new Error(`The status ${status} is not in the table of ${method}`);
  const fields = new Set<string>(operations.flatMap(({ answerFields }) => [...answerFields]));
  const undocumented = headers.find(([name]) => Object.hasOwn(ANSWER_FIELDS, name) && !fields.has(name));
  if (undocumented !== undefined) throw new Error(`The field ${undocumented[0]} is not in the table of ${method}`);
}

function isAbout(body: WSGIBody, code: string): boolean {
  return (
    Array.isArray(body) &&
    Buffer.concat(body as Uint8Array[])
      .toString()
      .includes(`?problem=${code}"`)
  );
}
