// An upload of any size in constant memory: PUT a file, or send it with the form, and learn its size and SHA-256.

import { createHash } from "node:crypto";
import { chunksOf, type StartResponse, type WSGIEnvironment } from "tsgi/wsgi";

const PAGE = `<!doctype html>
<title>Upload</title>
<input type="file" id="file">
<pre id="answer"></pre>
<script>
  const [file, answer] = [document.querySelector("#file"), document.querySelector("#answer")];
  file.onchange = async () => {
    const response = await fetch("", { method: "PUT", body: file.files[0] });
    answer.textContent = await response.text();
  };
</script>
`;

export async function application(environ: WSGIEnvironment, startResponse: StartResponse) {
  if (environ.REQUEST_METHOD === "GET") {
    startResponse("200 OK", [["Content-Type", "text/html; charset=utf-8"]]);
    return [Buffer.from(PAGE)];
  }
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of chunksOf(environ["wsgi.input"])) {
    hash.update(chunk);
    size += chunk.length;
  }
  startResponse("200 OK", [["Content-Type", "application/json"]]);
  return [Buffer.from(`${JSON.stringify({ size, sha256: hash.digest("hex") })}\n`)];
}
