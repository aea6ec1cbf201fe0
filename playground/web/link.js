// The whole state in the fragment of the address: the name of a scenario, or the texts themselves, compressed.

/** `#scenario=crash-loop&t=60`, or `#life=…&t=60`. */
export async function writeLink({ exhibit, texts, choice, seconds }) {
  const fields = exhibit ? { scenario: exhibit.name } : { life: await pack(JSON.stringify([texts.manifest, texts.story])) };
  if (choice > 0) fields.pod = choice;
  fields.t = Math.round(seconds * 1e6) / 1e6;
  return `#${new URLSearchParams(fields)}`;
}

/** What a fragment says; nothing if it says nothing, or cannot be read. */
export async function readLink(hash, exhibits) {
  const fields = new URLSearchParams(hash.slice(1));
  const t = Number.parseFloat(fields.get("t"));
  const rest = { choice: Number.parseInt(fields.get("pod"), 10) || 0, seconds: Number.isFinite(t) ? t : undefined };
  const exhibit = exhibits.find((it) => it.name === fields.get("scenario"));
  if (exhibit) return { exhibit, ...rest };
  if (!fields.get("life")) return undefined;
  try {
    const [manifest, story] = JSON.parse(await unpack(fields.get("life")));
    return { texts: { manifest: String(manifest), story: String(story) }, ...rest };
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
