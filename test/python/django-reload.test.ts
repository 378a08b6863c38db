// A deploy of Django whose URLs cannot be imported: the configuration that `tsgi import` writes stops its reload.
import { get } from "node:http";
import { afterEach, expect, test } from "vitest";
import { Project } from "../cli-command.ts";
import { venvPython } from "../needs.ts";

const python = venvPython();
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const URLS = `
from django.http import HttpResponse
from django.urls import path
urlpatterns = [path("", lambda request: HttpResponse("good"))]
`;

function answer(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    get(
      { port, host: "127.0.0.1", agent: false, headers: { Host: "shop.example", "X-Forwarded-Proto": "https" } },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.on("end", () => resolve(text)).on("error", reject);
      },
    ).on("error", reject);
  });
}

const COMMON = 'ALLOWED_HOSTS = ["shop.example"]\nMIDDLEWARE = ["django.middleware.common.CommonMiddleware"]\n';
/** Redirects before it loads a URL. */
const HTTPS_ONLY =
  'ALLOWED_HOSTS = ["*"]\nSECURE_SSL_REDIRECT = True\nMIDDLEWARE = ["django.middleware.security.SecurityMiddleware"]\n';

test.skipIf(python === undefined).each([
  ["Django", COMMON],
  ["Django that is for https only", HTTPS_ONLY],
])("a broken deploy of %s fails reload --wait, and the old one goes on", async (_, settings) => {
  const project = new Project({
    "shop/__init__.py": "",
    "shop/settings.py": `SECRET_KEY = "x"\nROOT_URLCONF = "shop.urls"\n${settings}`,
    "shop/urls.py": URLS,
    "shop/wsgi.py":
      'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\nfrom django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n',
    "gunicorn.conf.py": 'wsgi_app = "shop.wsgi"\nbind = "127.0.0.1:0"\nworkers = 1\n',
  });
  closers.push(() => project.remove());
  const env = { TSGI_PYTHON: python ?? "" };
  const imported = await project.run(["import", "gunicorn.conf.py", "--output", "tsgi.config.json"], { env });
  expect(imported.stderr).toContain("Django: it loads its URLs with the first request");
  const control = project.path("control.sock");
  const command = project.start(["--control-socket", control], { env });
  closers.push(() => command.stop("SIGQUIT"));
  const port = await command.port();
  expect(await answer(port)).toBe("good");
  project.write("shop/urls.py", "import no_such_module\n");
  const reload = await project.run(["reload", "--wait", "--control-socket", control]);
  expect(reload.code).not.toBe(0);
  expect(await answer(port)).toBe("good");
});
