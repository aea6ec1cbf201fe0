// Loads the crate as WebAssembly, which is embedded in the page, compressed.

import init from "../dist/wasm/playground.js";
import compressed from "../dist/wasm/playground_bg.wasm.gz";

export async function start() {
  const stream = new Blob([compressed]).stream().pipeThrough(new DecompressionStream("gzip"));
  await init({ module_or_path: await new Response(stream).arrayBuffer() });
}
