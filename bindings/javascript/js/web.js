import init from "./wasm/pod_lifecycle.js";

await init();

export * from "./wasm/pod_lifecycle.js";
export * from "./html.js";
