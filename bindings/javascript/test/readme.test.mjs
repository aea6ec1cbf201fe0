// Runs the examples of the README of the package that is installed.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const folder = new URL("./", import.meta.resolve("pod-lifecycle/package.json"));
const readme = readFileSync(new URL("README.md", folder), "utf8");
const examples = [...readme.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code);

test("there are three examples", () => assert.equal(examples.length, 3));

examples.forEach((example, index) => {
  test(`example ${index + 1} runs`, () => {
    // Where the package is installed, as the file of a user.
    const cwd = fileURLToPath(new URL("../../", folder));
    execFileSync(process.execPath, ["--input-type=module", "-e", example], { cwd, stdio: ["ignore", "ignore", "inherit"] });
  });
});
