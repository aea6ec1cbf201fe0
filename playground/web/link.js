// Link: the page's state in the fragment of its address, as the name of a scenario or as the compressed texts.

/** `#scenario=crash-loop&t=60`, or `#life=…&t=60`. */
export async function writeLink({ scenario, texts, choice, seconds }) {
  const fields = scenario ? { scenario: scenario.name } : { life: await pack(JSON.stringify([texts.manifest, texts.script])) };
  if (choice > 0) fields.pod = choice;
  fields.t = Math.round(seconds * 1e6) / 1e6;
  return `#${new URLSearchParams(fields)}`;
}

/** Reads a fragment; returns undefined if it is empty or invalid. */
export async function readLink(hash, scenarios) {
  const fields = new URLSearchParams(hash.slice(1));
  const t = Number.parseFloat(fields.get("t"));
  const rest = { choice: Number.parseInt(fields.get("pod"), 10) || 0, seconds: Number.isFinite(t) ? t : undefined };
  const scenario = scenarios.find((it) => it.name === fields.get("scenario"));
  if (scenario) return { scenario, ...rest };
  if (!fields.get("life")) return undefined;
  try {
    const [manifest, script] = JSON.parse(await unpack(fields.get("life")));
    return { texts: { manifest: String(manifest), script: String(script) }, ...rest };
  } catch {
    return undefined;
  }
}

async function pack(text) {
  const bytes = await through(new Blob([text]), new CompressionStream("deflate-raw"));
  const letters = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

async function unpack(packed) {
  const letters = atob(packed.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
  return new TextDecoder().decode(await through(new Blob([bytes]), new DecompressionStream("deflate-raw")));
}

async function through(blob, stream) {
  return new Uint8Array(await new Response(blob.stream().pipeThrough(stream)).arrayBuffer());
}
