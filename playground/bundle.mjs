// Makes one file of the page: markup, style, script and the crate. Its policy lets nothing else in.

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = (path) => new URL(path, import.meta.url);
/** What the page may weigh, compressed. */
const MOST_BYTES = 2_000_000;

const wasm = "dist/wasm/playground_bg.wasm";
writeFileSync(here(`${wasm}.gz`), gzipSync(readFileSync(here(wasm)), { level: 9 }));

const options = { bundle: true, minify: true, write: false, target: "es2022", logLevel: "warning" };
const [script, style] = await Promise.all([
  build({ ...options, entryPoints: [here("web/main.js").pathname], format: "esm", loader: { ".gz": "binary" } }),
  build({ ...options, entryPoints: [here("web/style.css").pathname] }),
]).then((results) => results.map((result) => result.outputFiles[0].text));

const parts = {
  STYLE: style,
  SCRIPT: script,
  SCRIPT_HASH: `'sha256-${createHash("sha256").update(script).digest("base64")}'`,
};
const page = readFileSync(here("web/index.html"), "utf8").replace(/\{\{(\w+)\}\}/g, (_, name) => parts[name]);
writeFileSync(here("dist/index.html"), page);

const weight = gzipSync(page, { level: 9 }).length;
console.log(`dist/index.html: ${page.length} bytes, ${weight} compressed`);
if (weight > MOST_BYTES) {
  console.error(`The page weighs more than ${MOST_BYTES} bytes, compressed.`);
  process.exit(1);
}
