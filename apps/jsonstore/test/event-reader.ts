// A client that watches a node and keeps a copy of it by applying events alone; after `reset` it reads again.
import { mockEnviron } from "tsgi/testing";
import type { HeaderList, WSGIApplication, WSGIBody } from "tsgi/wsgi";
import { parsePointer } from "../src/text/pointer.ts";
import { parseModel, TextModel } from "./text-model.ts";

/** One event as it was received. */
export interface ReceivedEvent {
  readonly id: number;
  readonly name: string;
  readonly data: string;
}

/** The body of a stream of events. */
export interface OpenedStream {
  readonly status: string;
  readonly headers: HeaderList;
  readonly body: WSGIBody;
  events(): AsyncGenerator<ReceivedEvent>;
  close(): Promise<void>;
}

/** Asks an application for the changes of a node. */
export async function openStream(
  application: WSGIApplication,
  path: string,
  lastEventId?: number,
): Promise<OpenedStream> {
  let status = "";
  let headers: HeaderList = [];
  const environ = mockEnviron({ url: path, headers: { Accept: "text/event-stream" } });
  if (lastEventId !== undefined) environ["HTTP_LAST_EVENT_ID"] = String(lastEventId);
  const body = await application(environ, (given, list) => {
    status = given;
    headers = list;
    return () => {};
  });
  return {
    status,
    headers,
    body,
    events: () => readEvents(body),
    close: async () => body.close?.(),
  };
}

async function* readEvents(body: WSGIBody): AsyncGenerator<ReceivedEvent> {
  let text = "";
  for await (const chunk of body) {
    text += Buffer.from(chunk).toString();
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const fields = new Map(
        text
          .slice(0, end)
          .split("\n")
          .map((line) => line.split(": ", 2) as [string, string]),
      ); // two parts
      const data = /^data: (.*)$/m.exec(text.slice(0, end))?.[1] ?? "";
      text = text.slice(end + 2);
      const name = fields.get("event");
      if (name !== undefined) yield { id: Number(fields.get("id")), name, data };
    }
  }
}

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly value: string | null;
}

/** Applies an event to a copy. @returns whether the copy must be read again */
export function applyEvent(copy: TextModel, { name, data }: ReceivedEvent): boolean {
  if (name === "reset" || name === "open") return true;
  const event = parseModel(data);
  const operations = name === "patch" ? membersOf(event, "operations") : [{ op: name, ...operationOf(data) }];
  return operations.some((operation) => !applyOne(copy, operation));
}

function membersOf(event: ReturnType<typeof parseModel>, key: string): Operation[] {
  const list = event.type === "object" ? event.members.find((member) => member.key === key)?.value : undefined;
  if (list?.type !== "array") throw new Error("A patch has no operations");
  return list.items.map((item) => {
    const copy = new TextModel();
    copy.root = item;
    return {
      op: JSON.parse(copy.text(["op"]) ?? "") as string,
      path: JSON.parse(copy.text(["path"]) ?? "") as string,
      value: copy.text(["value"]),
    };
  });
}

function operationOf(data: string): { readonly path: string; readonly value: string | null } {
  const copy = new TextModel();
  copy.root = parseModel(data);
  return { path: JSON.parse(copy.text(["path"]) ?? '""') as string, value: copy.text(["value"]) };
}

function applyOne(copy: TextModel, { op, path, value }: Operation): boolean {
  const tokens = parsePointer(path) ?? [];
  if (op === "delete") {
    copy.remove(tokens);
    return true;
  }
  if (value === null) return false;
  if (op === "insert") copy.append(tokens.slice(0, -1), parseModel(value), Number(tokens.at(-1)));
  else copy.put(tokens, parseModel(value), false);
  return true;
}
