// axe-core on each kind of page, light and dark.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { visit } from "./browser.js";
import { address, serve } from "./sites.js";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

const violations = async (page) => {
  await page.addScriptTag({ path: axe });
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { preload: false }));
  const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
  return serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`);
};

let server;
before(async () => { server = await serve("states"); });
after(() => server.close());

const kinds = [
  ["own", "guide/writing.html"],
  ["own", "reference/attributes.html"],
  ["states", "index.html"],
  ["states", "verified.html"],
  ["states", "failed.html"],
  ["states", "stale.html"],
  ["states", "never.html"],
  ["states", "variants.html"],
  ["states", "hostile.html"],
  ["states", "images.html"],
  ["states", "status.html"],
  ["states", "print.html"],
];

for (const colorScheme of ["light", "dark"]) {
  for (const [site, path] of kinds) {
    test(`${site}/${path} has no serious violation, ${colorScheme}`, () =>
      visit(address(site, path), async (page) => assert.deepEqual(await violations(page), []), { colorScheme }));
  }
  test(`the page for wrong addresses has no serious violation, ${colorScheme}`, () =>
    visit(server.address("no/such/page.html"), async (page) => assert.deepEqual(await violations(page), []), { colorScheme }));
  test(`search has no serious violation, ${colorScheme}`, () => visit(address("own", "index.html"), async (page) => {
    await page.keyboard.press("/");
    await page.waitForSelector("dialog.search[open] input");
    await page.keyboard.type("tutorial");
    await page.waitForSelector("dialog.search li");
    assert.deepEqual(await violations(page), []);
  }, { colorScheme }));
}
