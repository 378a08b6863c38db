import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { builtinFactory } from "../../deploy/package-factories.ts";
import { readApache } from "./apache-file.ts";
import { translateApache } from "./apache-site.ts";
import { readNginx } from "./nginx-file.ts";
import { translateNginx } from "./nginx-site.ts";
import { SiteDraft } from "./site-draft.ts";

/** The INI file of a text, section by section, and the remarks. */
function imported(kind: "nginx" | "apache", text: string): { sections: string[]; remarks: string[] } {
  const draft = new SiteDraft();
  if (kind === "nginx") translateNginx(readNginx(text, "nginx.conf"), draft);
  else translateApache(readApache(text, "site.conf"), draft);
  const sections = draft.render("it").trimEnd().split("\n\n").slice(1);
  return { sections, remarks: draft.remarks.map(({ kind: sort, subject, why }) => `${sort} ${subject}: ${why}`) };
}

const FOLDER = new URL(".", import.meta.url);
const SOURCES = readdirSync(FOLDER).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));

test("what importSite writes or advises as egg:tsgi#NAME exists", async () => {
  const text = SOURCES.map((name) => readFileSync(new URL(name, FOLDER), "utf8")).join("");
  const names = new Set(Array.from(text.matchAll(/egg:tsgi#([\w-]+)/g), ([, name = ""]) => name));
  expect(names.size).toBeGreaterThan(10);
  const protocols = ["paste.app_factory", "paste.filter_factory", "paste.composite_factory"] as const;
  const found = await Promise.all(
    Array.from(names, async (name) => ((await builtinFactory("tsgi", name, protocols)) === null ? name : null)),
  );
  expect(found.filter((name) => name !== null)).toEqual([]);
});

describe("nginx's", () => {
  test("a place whose files are a pretext for what is named after them is that, as gunicorn's manual has it", () => {
    const { sections, remarks } = imported(
      "nginx",
      `upstream app { server unix:/run/app.sock; }
server {
  listen 80;
  location / { try_files $uri @app; }
  location @app { proxy_set_header Host $http_host; proxy_redirect off; proxy_pass http://app; }
}`,
    );
    expect(sections.slice(1)).toEqual([
      "[composite:main]\nuse = egg:tsgi#urlmap\n/ = proxy",
      "[app:proxy]\nuse = egg:tsgi#proxy\nupstream = unix:/run/app.sock\nhost = keep",
    ]);
    expect(remarks).toEqual([]);
  });

  test("the server that sends clients from port 80 to 443 does not have TLS spoken at port 80", () => {
    const { sections, remarks } = imported(
      "nginx",
      `server { listen 80; server_name a.example; return 301 https://$host$request_uri; }
server { listen 443 ssl http2; ssl_certificate /a.crt; ssl_certificate_key /a.key; root /srv; }`,
    );
    expect(sections[0]).toBe("[server:main]\nuse = egg:tsgi\nbind = 0.0.0.0:443\ncertfile = /a.crt\nkeyfile = /a.key");
    expect(remarks).toEqual(
      expect.arrayContaining([
        "missing listen 80: one server speaks TLS at all addresses, or at none",
        "changed listen 443 ssl http2: HTTP/1.1 is spoken",
      ]),
    );
  });

  test.each([
    ["~ /\\.ht", "needless"],
    ["~ ^/\\.", "needless"],
    ["~* (^|/)\\.", "needless"],
    ["~ \\.secret$", "missing"],
    ["~ /private", "missing"],
  ])("what is kept from clients at %s is %s", (place, kind) => {
    const { remarks } = imported("nginx", `server { root /srv; location ${place} { deny all; } }`);
    expect(remarks).toEqual([expect.stringMatching(new RegExp(`^${kind} location ~`))]);
  });
});

describe("Apache's", () => {
  test("a script's daemon is also the one that its directory or its place names", () => {
    const daemons = "WSGIDaemonProcess one processes=2\nWSGIDaemonProcess two processes=3\n";
    const { sections } = imported(
      "apache",
      `${daemons}<VirtualHost *:80>
WSGIScriptAlias /a "/srv/my shop/a.py"
WSGIScriptAlias /b /srv/other/b.py
<Directory "/srv/my shop/">
  WSGIProcessGroup one
</Directory>
<Directory /srv/my>
  WSGIProcessGroup none
</Directory>
<Location /b>
  WSGIProcessGroup two
</Location>
</VirtualHost>`,
    );
    expect(sections.slice(2)).toEqual([
      "[app:wsgi]\nuse = egg:tsgi#wsgi\napp = /srv/my shop/a.py:application\nthreads = 15\nprocesses = 2",
      "[app:wsgi-2]\nuse = egg:tsgi#wsgi\napp = /srv/other/b.py:application\nthreads = 15\nprocesses = 3",
    ]);
  });

  test.each([
    ["<IfVersion >= 2.4>", true],
    ["<IfVersion < 2.4>", false],
    ["<IfVersion 2.2>", false],
    ["<IfVersion !< 2.4>", true],
    ["<IfVersion > 2.4.100>", false],
    ["<IfModule mod_wsgi.c>", true],
    ["<IfModule !mod_wsgi.c>", false],
    ["<IfDefine SSL>", true],
    ["<IfDefine !LOADED>", true],
  ])("what stands in %s is taken: %s", (section, isTaken) => {
    const [, name = ""] = /^<(\w+)/.exec(section) ?? [];
    const { sections, remarks } = imported(
      "apache",
      `DocumentRoot /srv\n${section}\nDefine NAME inner\nAlias /x /\${NAME}\nUnknown\n</${name}>\nAlias /y /\${NAME}`,
    );
    expect(sections.some((text) => text.includes("root = /inner"))).toBe(isTaken);
    expect(sections.some((text) => text.includes("/x = "))).toBe(isTaken);
    expect(remarks.some((text) => text.includes("Unknown"))).toBe(isTaken);
  });

  test("what is guarded against being defined twice is read once", () => {
    const guarded = "<IfDefine !LOADED>\nDefine LOADED\nWSGIDaemonProcess one processes=2\n</IfDefine>\n";
    const { sections } = imported("apache", `${guarded.repeat(2)}WSGIProcessGroup one\nWSGIScriptAlias / /srv/a.py\n`);
    expect(sections.at(-1)).toContain("processes = 2");
  });
});
