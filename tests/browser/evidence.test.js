// What pages show of runs.
import { test } from "node:test";
import assert from "node:assert/strict";
import { visit } from "./browser.js";
import { address, onDisk } from "./sites.js";

const copied = async (page, selector) => {
  await page.click(`${selector} .copy`);
  await page.waitForFunction((selector) => document.querySelector(`${selector} .copy`).textContent === "Copied", selector);
  return page.evaluate(() => navigator.clipboard.readText());
};

test("a copy button copies the commands alone", () => visit(address("states", "verified.html"), async (page) => {
  assert.equal(await copied(page, "#step-look"), "# A comment stands in the commands.\ncat thing\n");
  assert.equal(await copied(page, "#step-show"), "printf 'one\\ntwo\\n'\ncat thing\n");
}));

for (const [path, words] of [
  ["verified.html", [/5 of 6 blocks run, 2 verified, 1 skipped/, /needs a machine of its own/, /40 lines/]],
  ["failed.html", [/failed/i, /Not as the page says/, /1 failed/]],
  ["stale.html", [/stale/i, /changed since it was run/]],
  ["never.html", [/No run of this page is on record/, /never run/i]],
]) {
  test(`${path} says its state in words`, () => visit(address("states", path), async (page) => {
    const text = await page.innerText("main");
    for (const word of words) assert.match(text, word);
  }));
}

for (const javaScriptEnabled of [true, false]) {
  test(`tabs show one variant at a time, script ${javaScriptEnabled ? "on" : "off"}`, () =>
    visit(address("states", "variants.html"), async (page) => {
      const strips = page.locator("section.evidence");
      assert.equal(await strips.count(), 2);
      for (const chosen of [0, 1]) {
        await page.click(`label:has(#variant-${chosen})`);
        for (const number of [0, 1]) assert.equal(await strips.nth(number).isVisible(), number === chosen);
      }
    }, { javaScriptEnabled }));
}

test("arrow keys change the variant", () => visit(address("states", "variants.html"), async (page) => {
  await page.focus("#variant-1");
  await page.keyboard.press("ArrowUp");
  assert.ok(await page.isChecked("#variant-0"));
  assert.ok(await page.locator("section.evidence").nth(0).isVisible());
}));

test("the graph leads to steps", () => visit(address("states", "verified.html"), async (page) => {
  await page.click(".graph a[href='#step-long'], .graph a[*|href='#step-long']");
  await page.waitForURL("**/verified.html#step-long");
}));

test("nothing that was printed, and no name, is run as script", () => visit(address("states", "hostile.html"), async (page) => {
  for (const path of ["hostile.html", "images.html", "parity/images/2-staging.html", "status.html", "print.html", "index.html"]) {
    await page.goto(address("states", path));
    await page.waitForLoadState();
    assert.equal(await page.evaluate(() => window.hacked), undefined, path);
    assert.equal(await page.locator("main img[src='x'], main a[href^='javascript']").count(), 0, path);
    assert.equal(await page.locator("h1", { hasText: "outside" }).count(), 0, path);
  }
  await page.goto(address("states", "hostile.html"));
  assert.match(await page.innerText("#step-prints"), /<script>window\.hacked = 3<\/script>/);
}));

for (const site of ["own", "states"]) {
  test(`no page of ${site} complains or asks another host`, () => visit(address(site, "index.html"), async (page) => {
    for (const path of onDisk(site)) await page.goto(address(site, path));
  }));
}
