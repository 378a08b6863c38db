// The application of the tutorial in docs/framework.md: notes, as pages and as JSON.
import { abort, App, Blueprint, created, flash, getFlashed, html, redirect } from "tsgi/framework";
import { sessionCookie } from "tsgi/middleware";
import { z } from "zod";

const app = new App();
const notes = new Map<number, string>([[1, "Buy tea"]]);

app.get("/", { name: "index" }, (request) => {
  const messages = getFlashed(request).map(({ message }) => html`<p>${message}</p>`);
  const items = [...notes].map(([id, text]) => html`<li><a href="${request.urlFor("note", { id })}">${text}</a></li>`);
  return html`${messages}
    <ul>
      ${items}
    </ul>`;
});

app.get("/notes/<int:id>", { name: "note" }, (_request, { id }) => {
  return notes.get(id) ?? abort(404, "There is no such note");
});

app.post("/notes", { name: "add" }, async (request) => {
  const form = await request.form();
  notes.set(notes.size + 1, form.get("text") ?? abort(400, "A text is needed"));
  flash(request, "The note is kept");
  return redirect(request.urlFor("index"), 303);
});

app.before((request) => {
  request.state["startedAt"] = performance.now();
});

app.after((response, request) => {
  const milliseconds = performance.now() - Number(request.state["startedAt"]);
  response.headers.set("Server-Timing", `app;dur=${milliseconds.toFixed(1)}`);
});

app.errorHandler(404, (error) => [
  html`<h1>Not here</h1>
    <p>${error.detail}</p>`,
  404,
]);

const Note = z.object({ text: z.string().min(1) });
const api = new Blueprint("api", { prefix: "/api" });

api.get("/notes", { summary: "All notes" }, () => Object.fromEntries(notes));

api.post("/notes", { json: Note, summary: "Keep a note" }, (request, { body }) => {
  const id = notes.size + 1;
  notes.set(id, body.text);
  return created({ id }, request.urlFor("note", { id }));
});

app.register(api);

export { app };
export const appFactory = () => app;
export const application = sessionCookie({ secrets: process.env["SECRET"] ?? "0123456789abcdef0123456789abcdef" })(app);
