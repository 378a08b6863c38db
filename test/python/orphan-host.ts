// A host that is killed by its test: starts two Python processes, tells their ids, and stays.
import { pythonApplication } from "../../src/guests/python/python-application.ts";
import { APPS, PYTHON } from "./serve-python.ts";

const guest = await pythonApplication({
  target: "torture:application",
  directory: APPS,
  python: PYTHON,
  processes: 2,
  threads: 2,
  log: () => {},
});
process.stdout.write(JSON.stringify(guest.stats().processes.map(({ pid }) => pid)));
setInterval(() => {}, 1000);
