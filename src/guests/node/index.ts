// tsgi/guests/node: (req, res) applications. For users; inside the package import the files that own the symbols.
export { nodeApplication, type NodeListener } from "./node-application.ts";
