// `tsgi import` of what web servers are told, and the server that its result starts: the real command, Python, files, an HTTP server behind.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { Project } from "./cli-command.ts";
import { program } from "./needs.ts";
import { ask } from "./watching/watched.ts";

const python = program("python3");
const SCRIPT = `
import os, sys
import helper

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    told = environ.get("HTTP_AUTHORIZATION", "-")
    text = " ".join([helper.NAME, environ["SCRIPT_NAME"], environ["PATH_INFO"], told, os.path.basename(os.getcwd())])
    return [text.encode()]
`;

let project: Project;

beforeEach(() => {
  project = new Project({
    "site/wsgi.py": SCRIPT,
    "lib/helper.py": 'NAME = "helped"\n',
    "files/a%b.txt": "a file\n",
    "files/page.html": "a page\n",
  });
});

afterEach(() => project.remove());

async function behind(): Promise<string> {
  const server = createServer(
    (request, response) => void response.end(`behind ${request.url ?? ""} ${request.headers.host ?? ""}`),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Imports a file, has the result checked, and serves it. */
async function served(name: string): Promise<{ port: number; remarks: string }> {
  const { code, stderr } = await project.run(["import", name, "-o", "app.ini"]);
  expect([code, stderr]).toEqual([0, expect.stringContaining("Wrote app.ini") as string]);
  const checked = await project.run(["config", "check", "app.ini"]);
  expect([checked.code, checked.stderr]).toEqual([0, ""]);
  expect(checked.stdout).not.toMatch(/error|warning/);
  const command = project.start(["app.ini"]);
  onTestFinished(async () => void (await command.stop()));
  return { port: await command.port(), remarks: stderr };
}

describe("tsgi import of nginx's", () => {
  test("gives an INI file that serves the same", async () => {
    const address = await behind();
    project.write(
      "nginx.conf",
      `
user www-data;
worker_processes 1;
events { worker_connections 512; }
http {
  include mime.types;
  upstream backend { server ${address} weight=2; keepalive 8; }
  server {
    listen 127.0.0.1:0;
    server_name example.org "quoted.example";
    client_max_body_size 10;
    location / { proxy_pass http://backend; proxy_set_header Host $host; proxy_set_header Upgrade $http_upgrade; proxy_read_timeout 1m30s; }
    location /inner/ { proxy_pass http://${address}/base/; proxy_set_header X-Real-IP $remote_addr; }
    location /files/ { alias ${project.path("files")}/; autoindex on; expires 1h; }
    location ~ \\.secret$ { deny all; }
    location /old { return 301 https://$host$request_uri; }
    gzip on; # not here
  }
}
`,
    );
    const { port, remarks } = await served("nginx.conf");
    const host = { Host: "shop.example" };
    expect((await ask(port, "/x%2Fy?z", host)).body).toBe("behind /x%2Fy?z shop.example");
    expect((await ask(port, "/inner/x", host)).body).toBe(`behind /base/x ${address}`);
    expect((await ask(port, "/files/a%25b.txt")).body).toBe("a file\n");
    expect((await ask(port, "/", {}, "more than ten bytes")).status).toBe(413);
    for (const remark of [
      "server 127.0.0.1:",
      "proxy_set_header X-Real-IP $remote_addr: fields are",
      "location ~ \\.secret$: places are paths here",
      "gzip on: egg:tsgi#compress",
      "proxy_set_header Upgrade $http_upgrade: WebSockets pass",
      "return 301 https://$host$request_uri: egg:tsgi#canonical-redirect",
      "user www-data: set `user`",
    ])
      expect(remarks).toContain(remark);
    expect(remarks).not.toContain("server_name");
  });

  test("names the line that it cannot read, and refuses a file that serves nothing", async () => {
    project.write("nginx.conf", "http {\n  server {\n    listen 80\n  }\n");
    expect(await project.run(["import", "nginx.conf"])).toMatchObject({
      code: 11,
      stderr: expect.stringContaining("line 4 is not as nginx writes it") as string,
    });
    project.write("nginx.conf", "http { server { listen 80; } }\n");
    const { code, stderr } = await project.run(["import", "nginx.conf"]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("names nothing that TSGI can serve") as string]);
  });
});

describe("tsgi import of nginx's, with PHP", () => {
  test("puts scripts before files, so that nobody gets their source", async () => {
    project.write(
      "site.conf",
      `server {
  listen 8080; root ${project.path("files")}; index index.php page.html;
  location / { try_files $uri $uri/ /index.php?$args; }
  location ~ \\.php$ { include snippets/fastcgi-php.conf; fastcgi_pass unix:/run/php/php-fpm.sock; fastcgi_param APP_ENV "prod 1"; }
}
`,
    );
    const { stdout, code } = await project.run(["import", "site.conf"]);
    expect(code).toBe(0);
    expect(stdout).toContain("[composite:site]\nuse = egg:tsgi#cascade\napp1 = fastcgi\napp2 = files\napp3 = front\n");
    expect(stdout).toContain("upstream = unix:/run/php/php-fpm.sock\n");
    expect(stdout).toContain("variables = \n    APP_ENV = prod 1\n");
    expect(stdout).toContain("[app:front]\nuse = fastcgi\nscript = index.php\n");
    project.write("app.ini", stdout);
    expect(await project.run(["config", "check", "app.ini"])).toMatchObject({ code: 0 });
  });
});

describe.skipIf(python === undefined)("tsgi import of Apache's", () => {
  test("gives an INI file that serves the scripts of mod_wsgi, with their daemon", async () => {
    const address = await behind();
    project.write(
      "site.conf",
      `
Define ROOT ${project.path(".")}
Listen 127.0.0.1:0
<IfModule mod_wsgi.c>
WSGIDaemonProcess shop processes=1 threads=2 python-path=\${ROOT}/lib \\
    home=\${ROOT}/files display-name=%{GROUP} user=nobody inactivity-timeout=60
</IfModule>
<VirtualHost *:80>
  ServerName example.org
  WSGIProcessGroup shop
  WSGIPassAuthorization On
  WSGICallableObject app
  WSGIScriptAlias /shop "\${ROOT}/site/wsgi.py"
  Alias /files \${ROOT}/files
  ProxyPass /inner http://${address}/base
  ProxyPass /socket ws://${address}/socket
  ProxyPass /kept !
  ScriptAlias /program /bin/true
  <Directory \${ROOT}>
    Require all granted
  </Directory>
  RewriteRule ^/old(.*) /shop$1
</VirtualHost>
`,
    );
    const { port, remarks } = await served("site.conf");
    const told = await ask(port, "/shop/a/b", { Authorization: "Basic eA==" });
    expect(told.body).toBe("helped /shop /a/b Basic eA== files");
    expect((await ask(port, "/files/page.html")).body).toBe("a page\n");
    expect((await ask(port, "/inner/x")).body).toBe(`behind /base/x ${address}`);
    expect((await ask(port, "/socket/x")).body).toBe(`behind /socket/x ${address}`);
    expect((await ask(port, "/program")).status).toBe(502);
    expect((await ask(port, "/elsewhere")).status).toBe(404);
    for (const remark of [
      "WSGIDaemonProcess shop inactivity-timeout=60: there is no equivalent",
      "WSGIDaemonProcess shop user=nobody: set `user`",
      "WSGIPassAuthorization On: applications always get Authorization",
      "ProxyPass /kept !: mount something",
      "RewriteRule ^/old(.*) /shop$1: write it as a middleware",
    ])
      expect(remarks).toContain(remark);
  });
});
