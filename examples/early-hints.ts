// 103 Early Hints: the browser fetches the style sheet while the page is still being made.

import { setTimeout as sleep } from "node:timers/promises";
import type { StartResponse, WSGIEnvironment } from "tsgi/wsgi";

const STYLE = "h1 { font: 4rem Georgia; color: seagreen }\n";
const PAGE = '<!doctype html>\n<title>Early</title>\n<link rel="stylesheet" href="/style.css">\n<h1>Early hints</h1>\n';

export async function application(environ: WSGIEnvironment, startResponse: StartResponse) {
  if (environ.PATH_INFO === "/style.css") {
    startResponse("200 OK", [["Content-Type", "text/css; charset=utf-8"]]);
    return [Buffer.from(STYLE)];
  }
  environ["wsgi.early_hints"]?.([["Link", "</style.css>; rel=preload; as=style"]]);
  await sleep(300);
  startResponse("200 OK", [["Content-Type", "text/html; charset=utf-8"]]);
  return [Buffer.from(PAGE)];
}
