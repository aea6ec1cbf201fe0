import { readFileSync } from "node:fs";
import { initSync } from "./wasm/observe.js";

initSync({ module: readFileSync(new URL("./wasm/observe_bg.wasm", import.meta.url)) });

export * from "./wasm/observe.js";
