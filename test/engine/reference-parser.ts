// A second reader of requests, slow and obvious: one pattern for each rule of the grammar (RFC 9112 section 2, RFC 9110 section 5),
// applied to all bytes at once. The engine's parser must agree with it on everything that is not a limit.
import type { Reading, ReadRequest } from "./read-requests.ts";

const TCHAR = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]";
const REQUEST_LINE = new RegExp(`^(${TCHAR}{1,32}) ([\\x21\\x22\\x24-\\x7e]+) HTTP/1\\.([01])$`);
const FIELD = new RegExp(
  `^(${TCHAR}+):[ \\t]*((?:[\\x21-\\x7e\\x80-\\xff](?:[\\t\\x20-\\x7e\\x80-\\xff]*[\\x21-\\x7e\\x80-\\xff])?)?)[ \\t]*$`,
);
const HOST = /^(\[[0-9A-Fa-f:.]+\]|([A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})+)(:[0-9]{0,5})?$/;
const CHUNK = new RegExp(
  `^([0-9A-Fa-f]{1,16})([ \\t]*;[ \\t]*${TCHAR}+([ \\t]*=[ \\t]*(${TCHAR}+|"([\\t\\x20\\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t\\x20-\\x7e\\x80-\\xff])*"))?)*$`,
);
const FORBIDDEN_TRAILER =
  /^(content-length|transfer-encoding|host|authorization|te|trailer|connection|content-encoding)$/i;

/** Thrown for what the grammar does not hold. */
class Refusal extends Error {}
/** Thrown where the bytes end too early. */
class Incomplete extends Error {}

/** Reads all requests; a refusal is always 400 here, whatever its status. */
export function readObviously(text: string): Reading {
  const requests: ReadRequest[] = [];
  let rest = text;
  try {
    while (rest.replace(/^(\r\n){0,8}/, "") !== "") rest = readOne(rest.replace(/^(\r\n){0,8}/, ""), requests);
    return { requests, verdict: rest === "" ? "idle" : "partial" };
  } catch (error) {
    if (error instanceof Refusal) return { requests, verdict: 400 };
    if (error instanceof Incomplete) return { requests, verdict: "partial" };
    throw error;
  }
}

/** Takes the line at the start of `text`; a CR or LF anywhere but at its end is refused. */
function takeLine(text: string): [line: string, rest: string] {
  const [line = ""] = /^[^\r\n]*/.exec(text) ?? [];
  const end = text.slice(line.length, line.length + 2);
  if (end === "\r\n") return [line, text.slice(line.length + 2)];
  if (end === "" || end === "\r") throw /[^\t\x20-\x7e\x80-\xff]/.test(line) ? new Refusal() : new Incomplete();
  throw new Refusal();
}

function readOne(text: string, requests: ReadRequest[]): string {
  let [line, rest] = takeLine(text);
  const [, method = "", target = "", minor = ""] = REQUEST_LINE.exec(line) ?? refuse();
  const { path, query, authority } = splitTarget(method, target);
  const fields: [string, string][] = [];
  for (;;) {
    [line, rest] = takeLine(rest);
    if (line === "") break;
    const [, name = "", value = ""] = FIELD.exec(line) ?? refuse();
    if (name.length > 256) refuse();
    fields.push([name.toLowerCase(), value]);
    // What a single line shows to be wrong is wrong at that line, whether or not the others ever come.
    checkSoFar(fields);
  }
  const all = (wanted: string): string[] => fields.filter(([name]) => name === wanted).map(([, value]) => value);
  const [host = authority] = all("host");
  if ((host === null && minor === "1") || (host !== null && host !== "" && !HOST.test(host))) refuse();
  if (authority !== null && all("host").length === 0 && minor === "1") refuse();
  const [coding] = all("transfer-encoding");
  const [length] = all("content-length");
  if (coding !== undefined && (minor === "0" || length !== undefined || coding.toLowerCase() !== "chunked")) refuse();
  const [expect] = all("expect");
  if (minor === "1" && expect !== undefined && expect.toLowerCase() !== "100-continue") refuse();
  const options = all("connection").flatMap((value) =>
    value
      .toLowerCase()
      .split(",")
      .map((option) => option.replace(/^[ \t]+|[ \t]+$/g, "")),
  );
  const hasBody = coding !== undefined || Number(length ?? 0) > 0;
  const request: ReadRequest = {
    method,
    target,
    path,
    query,
    minor: Number(minor),
    variables: variablesOf(fields, authority),
    contentLength: Number(length ?? -1),
    isChunked: coding !== undefined,
    isKeepAlive: !options.includes("close") && (minor === "1" || options.includes("keep-alive")),
    isContinueExpected: minor === "1" && expect !== undefined && hasBody,
    body: hasBody ? null : "",
  };
  requests.push(request);
  if (!hasBody) return rest;
  const [body, behind] = coding === undefined ? takeBytes(rest, Number(length)) : takeChunks(rest);
  requests[requests.length - 1] = { ...request, body };
  return behind;
}

function checkSoFar(fields: readonly [string, string][]): void {
  for (const single of ["host", "content-length", "transfer-encoding", "content-type", "expect", "script_name"]) {
    if (fields.filter(([name]) => name === single).length > 1) refuse();
  }
  const [name, value] = fields.at(-1) ?? ["", ""];
  if (name === "content-length" && !/^0*[0-9]{1,15}$/.test(value)) refuse();
}

function splitTarget(method: string, target: string): { path: string; query: string; authority: string | null } {
  if (method === "CONNECT") refuse();
  if (target === "*" && method === "OPTIONS") return { path: "", query: "", authority: null };
  const absolute = /^https?:\/\/([^/?]+)(.*)$/i.exec(target);
  if (absolute !== null && !HOST.test(absolute[1] ?? "")) refuse();
  if (absolute === null && !target.startsWith("/")) refuse();
  const rest = absolute === null ? target : (absolute[2] ?? "").replace(/^(?!\/)/, "/");
  const [path = ""] = rest.split("?");
  if (path.includes("%00")) refuse();
  return {
    path: path.replaceAll(/%[0-9A-Fa-f]{2}/g, (escape) => Buffer.from(escape.slice(1), "hex").toString("latin1")),
    query: rest.slice(path.length + 1),
    authority: absolute?.[1] ?? null,
  };
}

function variablesOf(fields: readonly [string, string][], authority: string | null): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [name] of fields) {
    if (name.includes("_")) continue;
    const upper = name.toUpperCase().replaceAll("-", "_");
    const values = fields.filter(([other]) => other === name).map(([, value]) => value);
    variables[/^CONTENT_(TYPE|LENGTH)$/.test(upper) ? upper : `HTTP_${upper}`] = values.join(
      name === "cookie" ? "; " : ", ",
    );
  }
  const { CONTENT_LENGTH: length } = variables;
  if (length !== undefined) variables["CONTENT_LENGTH"] = String(Number(length));
  if (authority !== null) variables["HTTP_HOST"] = authority;
  else if (variables["HTTP_HOST"] === "") delete variables["HTTP_HOST"];
  return variables;
}

function takeBytes(text: string, count: number): [bytes: string, rest: string] {
  if (text.length < count) throw new Incomplete();
  return [text.slice(0, count), text.slice(count)];
}

function takeChunks(text: string): [body: string, rest: string] {
  let body = "";
  let rest = text;
  for (;;) {
    let line: string;
    [line, rest] = takeLine(rest);
    const [, digits = ""] = CHUNK.exec(line) ?? refuse();
    const size = Number(`0x${digits}`);
    if (size > 2 ** 30) refuse();
    if (size === 0) break;
    let data: string;
    [data, rest] = takeBytes(rest, size);
    body += data;
    if (rest === "" || rest === "\r") throw new Incomplete();
    if (!rest.startsWith("\r\n")) refuse();
    rest = rest.slice(2);
  }
  for (;;) {
    let line: string;
    [line, rest] = takeLine(rest);
    if (line === "") return [body, rest];
    const [, name = ""] = FIELD.exec(line) ?? refuse();
    if (FORBIDDEN_TRAILER.test(name)) refuse();
  }
}

function refuse(): never {
  throw new Refusal();
}
