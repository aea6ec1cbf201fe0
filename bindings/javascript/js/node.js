import { readFileSync } from "node:fs";
import { initSync } from "./wasm/pod_lifecycle.js";

initSync({ module: readFileSync(new URL("./wasm/pod_lifecycle_bg.wasm", import.meta.url)) });

export * from "./wasm/pod_lifecycle.js";
export * from "./html.js";
