// `tsgi import` of Puma's and Unicorn's configurations, with the commands of docs/guests/ruby.md, and a Rack application served by the result.
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Project } from "../cli-command.ts";
import { interpreterWith } from "../needs.ts";

const PAGE = readFileSync(new URL("../../docs/guests/ruby.md", import.meta.url), "utf8");
const ruby = interpreterWith("ruby", "rack");

const APPLICATION = `
run ->(env) do
  told = [env["rack.multithread"], ENV["RACK_ENV"], Process.ppid != $loader, File.basename(Dir.pwd)]
  [200, { "content-type" => "text/plain" }, [told.inspect]]
end
$loader = Process.ppid
`;
const PUMA = `
require "etc"
puts "Puma reads #{ENV.fetch("RAILS_ENV", "nothing")}"
directory File.join(__dir__, "../site")
rackup "shop.ru"
bind "tcp://127.0.0.1:0"
threads 1, 3
workers [Etc.nprocessors, 2].min.clamp(2, 2)
environment "staging"
preload_app!
state_path "tmp/puma.state"
on_worker_boot { raise "is not called" }
`;
const UNICORN = `
worker_processes 2
working_directory File.expand_path("site", __dir__)
listen "127.0.0.1:0", tcp_nopush: true
timeout 20
after_fork { |_server, _worker| raise "is not called" }
`;

let project: Project;

beforeEach(() => {
  const files = { "site/shop.ru": APPLICATION, "site/config.ru": APPLICATION };
  project = new Project({ ...files, "config/puma.rb": PUMA, "unicorn.rb": UNICORN });
});

afterEach(() => project.remove());

/** What the application answers when it is served by the result. */
async function served(file: string): Promise<string> {
  const server = project.start(["-c", file]);
  const response = await fetch(`http://127.0.0.1:${await server.port()}/`);
  const text = await response.text();
  expect(await server.stop()).toMatchObject({ code: 0 });
  return text;
}

describe.skipIf(ruby === undefined)("tsgi import", () => {
  test("of config/puma.rb gives a configuration that serves the application", async () => {
    const [, line = ""] = /^\$ tsgi (import .*puma\.rb .*)$/m.exec(PAGE) ?? [];
    const imported = await project.run(line.split(" "), { env: { RAILS_ENV: "staging" } });
    expect(imported).toMatchObject({ code: 0, stdout: "" });
    expect(imported.stderr).toContain("Wrote tsgi.config.json\n");
    expect(imported.stderr).toContain('  state_path "tmp/puma.state": set controlSocket');
    expect(imported.stderr).toContain("  on_worker_boot { … }: blocks are not called");
    expect(imported.stderr).toContain("  threads 1, 3: there are always 3 threads");
    expect(await served("tsgi.config.json")).toBe('[true, "staging", true, "site"]');
  });

  test("of unicorn.rb does so, too", async () => {
    const imported = await project.run(["import", "unicorn.rb", "--output", "tsgi.ts"]);
    expect(imported).toMatchObject({ code: 0, stdout: "" });
    expect(imported.stderr).toContain("  after_fork { … }: blocks are not called");
    expect(await served("tsgi.ts")).toBe('[false, "production", false, "site"]');
  });

  test("says what is wrong with a file in a line", async () => {
    project.write("config/puma.rb", 'workers 2\nraise "no\\ngood"\n');
    expect(await project.run(["import", "config/puma.rb"])).toMatchObject({
      code: 11,
      stdout: "",
      stderr: expect.stringMatching(
        /^tsgi: Cannot evaluate the configuration file "[^"]*puma\.rb": RuntimeError at line 2: no good\n/,
      ) as string,
    });
  });
});
