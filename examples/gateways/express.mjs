// As a middleware of Express: node express.mjs
import express from "express";
import { toNodeHandler } from "tsgi/gateways/node";
import { application } from "./application.mjs";

const app = express();
app.use("/shop", toNodeHandler(application, { passNotFound: true }));
app.use((_request, response) => void response.status(404).send("Not in the shop\n"));
app.listen(Number(process.env.PORT ?? 8000), "127.0.0.1");
