// Search, from a disk.
import { test } from "node:test";
import assert from "node:assert/strict";
import { visit } from "./browser.js";
import { address } from "./sites.js";

const type = async (page, words) => {
  await page.keyboard.press("/");
  await page.waitForSelector("dialog.search[open] input");
  await page.keyboard.type(words);
};
const ask = async (page, words) => {
  await type(page, words);
  await page.waitForSelector("dialog.search [aria-busy='false'] li");
};

test("search finds a word, and Enter opens its page", () => visit(address("own", "index.html"), async (page) => {
  await page.goto(address("states", "verified.html"));
  await ask(page, "quokka");
  assert.equal(await page.locator("dialog.search li").count(), 1);
  await page.waitForSelector("dialog.search li mark");
  assert.equal(await page.innerText("dialog.search li mark"), "quokka");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/index.html*");
}));

test("Enter does not need to wait for the results", () => visit(address("own", "index.html"), async (page) => {
  await page.goto(address("states", "verified.html"));
  await ask(page, "variants");
  // All in one go: the keys come before the results of the last letter, and before those of any.
  await page.evaluate(() => {
    const input = document.querySelector("dialog.search input");
    input.value = "quokka";
    input.dispatchEvent(new InputEvent("input"));
    input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
  });
  await page.waitForURL("**/index.html*");
}));

test("arrows choose among the results", () => visit(address("own", "index.html"), async (page) => {
  await ask(page, "tutorial");
  await page.keyboard.press("ArrowDown");
  const chosen = page.locator("dialog.search [aria-selected='true']");
  assert.equal(await chosen.count(), 1);
  const href = await chosen.evaluate((element) => (element.closest("a") ?? element.querySelector("a")).href);
  await page.keyboard.press("Enter");
  await page.waitForURL(href);
}));

test("a page in a folder finds the index too", () => visit(address("own", "guide/first-tutorial.html"), async (page) => {
  await ask(page, "registry");
  await page.keyboard.press("Escape");
  assert.ok(!(await page.locator("dialog.search").isVisible()));
}));

test("nothing of the index is loaded before it is asked for", () => visit(address("own", "index.html"), async (page) => {
  const loaded = [];
  page.on("request", (request) => loaded.push(new URL(request.url()).pathname));
  await page.reload();
  assert.deepEqual(loaded.filter((path) => /\/search/.test(path)), []);
  await ask(page, "image");
  assert.ok(loaded.some((path) => /\/search\//.test(path)));
}));
