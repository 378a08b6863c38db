// A form, read as Python's cgi.FieldStorage did: blank values are kept, the query is left out.

import { fieldStorage } from "tsgi/forms";
import type { StartResponse, WSGIEnvironment } from "tsgi/wsgi";

const PAGE = `<!doctype html>
<title>Form</title>
<form method="post" enctype="multipart/form-data">
  <input name="name"> <input name="photo" type="file"> <button>Send</button>
</form>
`;

export async function application(environ: WSGIEnvironment, startResponse: StartResponse) {
  if (environ.REQUEST_METHOD === "GET") {
    startResponse("200 OK", [["Content-Type", "text/html; charset=utf-8"]]);
    return [Buffer.from(PAGE)];
  }
  const postEnviron = { ...environ, QUERY_STRING: "" };
  const post = await fieldStorage(postEnviron, { keepBlankValues: true });
  const name = post.getFirst("name");
  const lines = [`Hello, ${typeof name === "string" ? name : "nobody"}!`];
  for (const { name: field, file } of post.list ?? []) {
    if (file !== null) lines.push(`${field}: ${file.filename}, ${file.size} bytes`);
  }
  startResponse("200 OK", [["Content-Type", "text/plain; charset=utf-8"]]);
  return [Buffer.from(`${lines.join("\n")}\n`)];
}
