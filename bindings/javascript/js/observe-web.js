import init from "./wasm/observe.js";

await init();

export * from "./wasm/observe.js";
