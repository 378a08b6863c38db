// @ts-check
// The application of the suite of frameworks, as a user of tsgi/framework would write it.
import { App } from "tsgi/framework";

export const app = new App();

app.get("/hello/<name>", (_request, { name }) => `Hello ${name}`);
app.get("/users/<int:id>", (_request, { id }) => ({ id, name: "Ada" }));
