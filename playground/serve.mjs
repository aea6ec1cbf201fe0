// Serves the page on loopback.

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const page = new URL("dist/index.html", import.meta.url);

/** Begins to serve; port 0 takes any that is free. */
export async function serve(port) {
  const server = createServer(async (request, response) => {
    const isPage = new URL(request.url, "http://localhost").pathname === "/";
    response.writeHead(isPage ? 200 : 404, { "content-type": isPage ? "text/html; charset=utf-8" : "text/plain" });
    response.end(isPage ? await readFile(page) : "There is one page only: /\n");
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { url } = await serve(Number(process.argv[2] ?? 8080));
  console.log(`The playground is at ${url}`);
}
