// The runtimes that `tsgi --version` names, because a report of a bug needs them.
import { findInterpreter } from "../guests/python/interpreter.ts";

/** A line for Node and one for the Python that a server would find here. */
export function runtimes(): string[] {
  return [`Node ${process.versions.node} (${process.execPath})`, pythonText()];
}

function pythonText(): string {
  const python = process.env["TSGI_PYTHON"];
  try {
    const { path, source } = findInterpreter({ python, directory: process.cwd(), environment: process.env });
    return `Python by ${python === undefined ? source : "TSGI_PYTHON"} (${path})`;
  } catch {
    return "Python not found";
  }
}
