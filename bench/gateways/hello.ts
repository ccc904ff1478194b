/**
 * A Hono Worker that answers by itself: what starting any Hono Worker costs.
 */
import { Hono } from "hono";

const app: Hono = new Hono();
app.all("*", (c) => c.text("hello"));

export default app;
