// A client learns of an answer of another language before there is any of its body: the application waits for the test to say that it did.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { program } from "../needs.ts";
import { servePerl } from "../perl/serve-perl.ts";
import { servePython } from "../python/serve-python.ts";
import { serveRuby } from "../ruby/serve-ruby.ts";

const PYTHON = `import os, time
def application(environ, start_response):
    write = start_response("201 Created", [("Content-Type", "text/event-stream")])
    write(b"")
    while not os.path.exists(os.environ["RELEASE"]): time.sleep(0.01)
    write(b"one ")
    return [b"two"]
`;

const ruby = (answer: string): string => `work = lambda do |stream|
  sleep 0.01 until File.exist?(ENV["RELEASE"])
  stream.write "one "
  stream.write "two"
  stream.close
end
run lambda { |env| ${answer} }
`;

const PERL = `sub {
    my $respond = $_[0];
    return sub {
        my $writer = $_[0]->([201, ["Content-Type" => "text/event-stream"]]);
        select undef, undef, undef, 0.01 until -e $ENV{RELEASE};
        $writer->write($_) for "one ", "two";
        $writer->close;
    };
}
`;

const TYPE = '"content-type" => "text/event-stream"';
const hasPerl = program("plackup") !== undefined;
const hasRuby = program("rackup") !== undefined;

let directory = "";
let served: Served | null = null;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tsgi-head-first-"));
});
afterEach(async () => {
  writeFileSync(join(directory, "release"), "");
  await served?.close();
  served = null;
  rmSync(directory, { recursive: true, force: true });
});

interface Served {
  readonly port: number;
  close(): Promise<void>;
}

/** How the program of a language is served. */
type Serve = (options: {
  readonly target: string;
  readonly directory: string;
  readonly environment: Record<string, string>;
}) => Promise<Served>;

/** Name of the case, how to serve it, the file, what is in it. */
type Case = [name: string, serve: Serve, file: string, source: string];

const RUBY_CASES: Case[] = [
  ["a streaming body in Ruby", serveRuby, "body.ru", ruby(`[201, { ${TYPE} }, work]`)],
  ["rack.hijack among the headers", serveRuby, "hijack.ru", ruby(`[201, { ${TYPE}, "rack.hijack" => work }, []]`)],
];

const CASES: Case[] = [
  ["write(b'') in Python", servePython, "app.py", PYTHON],
  ...(hasRuby ? RUBY_CASES : []),
  ...(hasPerl ? [["a writer in Perl", servePerl, "app.psgi", PERL] satisfies Case] : []),
];

describe("the head comes first", () => {
  test.each(CASES)("%s", async (_name, serve, file, source) => {
    writeFileSync(join(directory, file), source);
    const release = join(directory, "release");
    served = await serve({
      target: file === "app.py" ? "app:application" : file,
      directory,
      environment: { RELEASE: release },
    });
    const response = await fetch(`http://127.0.0.1:${served.port}/`);
    expect([response.status, response.headers.get("Content-Type")]).toEqual([201, "text/event-stream"]);
    writeFileSync(release, "");
    expect(await response.text()).toBe("one two");
  });
});
