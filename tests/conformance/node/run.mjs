// Runs every flow of flows/ against a server: `node run.mjs HOST PORT`.
import { readdir } from "node:fs/promises";
import { runAll } from "./stage.mjs";

const folder = new URL("flows/", import.meta.url);
for (const name of (await readdir(folder)).toSorted()) await import(new URL(name, folder));
await runAll();
