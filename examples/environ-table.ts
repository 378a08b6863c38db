// Shows the environ as an HTML table: everything that an application knows about its request.

import type { StartResponse, WSGIEnvironment } from "tsgi/wsgi";

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ESCAPES[character] ?? character);
}

function show(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "function") return "(function)";
  return value instanceof Object && !Array.isArray(value) ? `(${value.constructor.name})` : JSON.stringify(value);
}

export function application(environ: WSGIEnvironment, startResponse: StartResponse) {
  const rows = Object.keys(environ)
    .toSorted()
    .map((key) => `<tr><th>${escapeHtml(key)}</th><td>${escapeHtml(show(environ[key]))}</td></tr>\n`);
  // Strings of the environ hold one character per byte, so latin-1 gives back the bytes that the client sent.
  const table = Buffer.from(`<table>\n${rows.join("")}</table>\n`, "latin1");
  startResponse("200 OK", [["Content-Type", "text/html; charset=utf-8"]]);
  return [Buffer.from("<!doctype html>\n<title>The environ</title>\n"), table];
}
