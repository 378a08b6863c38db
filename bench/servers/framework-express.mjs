// The suite of frameworks in Express, with its defaults.
import express from "express";

const app = express();

app.get("/hello/:name", (request, response) => response.send(`Hello ${request.params.name}`));
app.get("/users/:id", (request, response) => response.json({ id: Number(request.params.id), name: "Ada" }));

app.listen(Number(process.env.PORT), "127.0.0.1");
