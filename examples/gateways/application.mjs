// The application that the other files of this folder serve.

/** @type {import("tsgi/wsgi").WSGIApplication} */
export async function application(environ, startResponse) {
  const body = await environ["wsgi.input"].read();
  startResponse("200 OK", [["Content-Type", "text/plain; charset=utf-8"]]);
  return [
    new TextEncoder().encode(
      `${environ.REQUEST_METHOD} ${environ.SCRIPT_NAME}|${environ.PATH_INFO}: ${body.length} bytes\n`,
    ),
  ];
}
