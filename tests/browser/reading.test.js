// What readers do on any page.
import { test } from "node:test";
import assert from "node:assert/strict";
import { tabTo, visit } from "./browser.js";
import { address, onDisk, serve } from "./sites.js";

const theme = (page) => page.evaluate(() => document.documentElement.dataset.theme ?? "system");
const ground = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
const focused = (page, selector) => page.evaluate((selector) => document.activeElement.matches(selector), selector);

test("the theme goes from system to light to dark, and stays", () => visit(address("states", "index.html"), async (page) => {
  const seen = [await theme(page)];
  for (let click = 0; click < 2; click++) {
    await page.click("button.theme");
    seen.push(await theme(page));
  }
  assert.deepEqual(seen, ["system", "light", "dark"]);
  const dark = await ground(page);
  // Another page is another process of the browser, which hears of it a moment later.
  await page.waitForTimeout(500);
  await page.click(".side a[href='verified.html']");
  await page.waitForURL("**/verified.html");
  assert.equal(await theme(page), "dark");
  assert.equal(await ground(page), dark);
}));

test("the kept theme is there before anything is drawn", () => visit(address("states", "index.html"), async (page) => {
  await page.click("button.theme");
  await page.click("button.theme");
  await page.addInitScript(() => {
    new MutationObserver((changes, observer) => {
      if (!document.body) return;
      window.themeAtBody = document.documentElement.dataset.theme;
      observer.disconnect();
    }).observe(document, { childList: true, subtree: true });
  });
  await page.reload();
  assert.equal(await page.evaluate(() => window.themeAtBody), "dark");
}));

test("the system's theme is followed", () => visit(address("states", "index.html"), async (page) => {
  const dark = await ground(page);
  await page.emulateMedia({ colorScheme: "light" });
  assert.notEqual(await ground(page), dark);
}, { colorScheme: "dark" }));

test("a book that is dark for everyone is so without a script", () => visit(address("guest", "one.html"), async (page) => {
  const dark = await ground(page);
  await page.emulateMedia({ colorScheme: "dark" });
  assert.equal(await ground(page), dark);
}, { colorScheme: "light", javaScriptEnabled: false }));

test("a reader of a dark book can have the system's colours, and keeps them", () => visit(address("guest", "one.html"), async (page) => {
  const dark = await ground(page);
  const button = page.locator("button.theme");
  assert.equal(await button.getAttribute("aria-label"), "Colours: dark");
  await button.click();
  await page.reload();
  assert.equal(await button.getAttribute("aria-label"), "Colours: as the system has them");
  assert.notEqual(await ground(page), dark);
  await page.emulateMedia({ colorScheme: "dark" });
  assert.equal(await ground(page), dark);
  await button.click();
  assert.notEqual(await ground(page), dark, "light");
  await button.click();
  await page.reload();
  assert.equal(await button.getAttribute("aria-label"), "Colours: dark");
}, { colorScheme: "light" }));

test("a folded table of contents is open at the page, and opens without a script", () => visit(address("guest", "below-one.html"), async (page) => {
  assert.ok(await page.isVisible(".side a[href='below-one.html']"));
  assert.ok(!await page.isVisible(".side a[href='below-two.html']"));
  await page.click(".side summary");
  await page.click(".side a[href='below-two.html']");
  await page.waitForURL("**/below-two.html");
  assert.ok(!await page.isVisible(".side a[href='below-one.html']"));
}, { javaScriptEnabled: false }));

test("the skip link is first and leads to the text", () => visit(address("states", "index.html"), async (page) => {
  await page.keyboard.press("Tab");
  assert.ok(await focused(page, "a.skip"), "the first stop is the skip link");
  assert.ok(await page.locator("a.skip").isVisible());
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  assert.ok(await page.evaluate(() => document.activeElement.closest("main") !== null), "the next stop is in the text");
}));

test("the sidebar works by keyboard", () => visit(address("states", "index.html"), async (page) => {
  await tabTo(page, ".side a[href='verified.html']");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/verified.html");
  assert.equal(await page.getAttribute(".side a[aria-current]", "href"), "verified.html");
}));

test("the outline works by keyboard", () => visit(address("states", "index.html"), async (page) => {
  await tabTo(page, ".outline a[href='#tables']");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/index.html#tables");
  await page.waitForFunction(() => {
    const { top, bottom } = document.querySelector("#tables").getBoundingClientRect();
    return top >= 0 && bottom <= innerHeight;
  });
}));

for (const key of ["Enter", "Space"]) {
  test(`${key} opens the table of contents of a narrow window`, () => visit(address("states", "index.html"), async (page) => {
    const side = page.locator(".side");
    assert.ok(!(await side.isVisible()));
    await tabTo(page, ".menu");
    await page.keyboard.press(key);
    await side.waitFor({ state: "visible" });
    assert.equal(await page.getAttribute(".menu", "aria-expanded"), "true");
  }, { viewport: { width: 400, height: 800 } }));
}

test("the table of contents of a narrow window lies over a page that was scrolled, and Escape leaves it", () =>
  visit(address("states", "print.html"), async (page) => {
    await page.evaluate(() => scrollTo({ top: 2000, behavior: "instant" }));
    await page.click(".menu");
    const current = page.locator(".side a").first();
    assert.ok(await current.evaluate((link) => link.getBoundingClientRect().top > 0 && link.getBoundingClientRect().bottom < innerHeight), "it is seen");
    assert.ok(await page.evaluate(() => document.activeElement.closest(".side") !== null), "the keyboard is in it");
    await page.keyboard.press("Escape");
    assert.ok(!(await page.locator(".side").isVisible()));
    assert.ok(await focused(page, ".menu"), "the keyboard is back");
    await page.click(".menu");
    await page.locator(".side a").last().focus();
    await page.keyboard.press("Tab");
    assert.ok(!(await page.locator(".side").isVisible()), "it makes way for what is gone to");
  }, { viewport: { width: 400, height: 800 } }));

test("a narrow window has the outline above the text", () => visit(address("states", "index.html"), async (page) => {
  await page.click(".outline-fold summary");
  await page.click(".outline-fold a[href='#tables']");
  await page.waitForURL("**/index.html#tables");
}, { viewport: { width: 400, height: 800 } }));

test("a browser that keeps nothing for pages has all that works without", () => visit("about:blank", async (page) => {
  await page.addInitScript(() => {
    for (const store of ["localStorage", "sessionStorage"]) {
      Object.defineProperty(window, store, { get() { throw new DOMException("no", "SecurityError"); } });
    }
  });
  await page.goto(address("states", "index.html"));
  await page.locator(".outline a[aria-current]").waitFor();
  await page.keyboard.press("/");
  await page.locator("dialog.search").waitFor({ state: "visible" });
}));

test("hidden lines are shown when asked for", () => visit(address("states", "index.html"), async (page) => {
  const line = page.locator(".boring").first();
  assert.ok(!(await line.isVisible()));
  await page.click("button.reveal");
  assert.ok(await line.isVisible());
}));

for (const site of ["own", "states"]) {
  test(`no page of ${site} is wider than 320 pixels`, () => visit(address(site, "index.html"), async (page) => {
    const wide = [];
    for (const path of onDisk(site)) {
      await page.goto(address(site, path));
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      if (width > 320) wide.push(`${path}: ${width}`);
    }
    assert.deepEqual(wide, []);
  }, { viewport: { width: 320, height: 700 } }));
}

test("the page for wrong addresses has its colours and leads home from any depth", async () => {
  const server = await serve("states");
  try {
    await visit(server.address("no/such/page.html"), async (page) => {
      assert.match(await page.innerText("main"), /This page does not exist/);
      assert.ok(await page.evaluate(() => document.styleSheets[0].cssRules.length > 0), "its sheet is loaded");
      await page.click(".brand");
      await page.waitForURL(server.address("index.html"));
    });
  } finally {
    server.close();
  }
});

test("without a script a page reads, links lead on, and what needs a script is not there", () =>
  visit(address("states", "index.html"), async (page) => {
    assert.match(await page.innerText("main"), /quokka/);
    for (const selector of [".copy", "button.theme", ".open-search"]) {
      for (const one of await page.locator(selector).all()) assert.ok(!(await one.isVisible()), selector);
    }
    assert.ok(await page.locator(".boring").first().isVisible(), "hidden lines are there");
    await page.click(".turn .next");
    await page.waitForURL("**/verified.html");
    await page.click(".side a[href='failed.html']");
    await page.waitForURL("**/failed.html");
    await page.setViewportSize({ width: 400, height: 800 });
    await page.click(".menu");
    assert.ok(await page.locator(".side").isVisible(), "the table of contents opens");
  }, { javaScriptEnabled: false }));

test("a page begins at its top, however far down the table of contents it is", () =>
  visit(address("own", "internals/changelog.html"), async (page) => {
    assert.equal(await page.evaluate(() => scrollY), 0);
    const [current, side] = await Promise.all([".side [aria-current]", ".side"].map((one) => page.locator(one).boundingBox()));
    assert.ok(current.y >= side.y && current.y + current.height <= side.y + side.height, "its entry is in sight");
  }, { viewport: { width: 1280, height: 500 } }));

test("a line that is lit takes no more room than others", () => visit(address("states", "index.html"), async (page) => {
  const block = page.locator("pre:has(.lit)").first();
  const { lines, height, line } = await block.evaluate((pre) => {
    const code = pre.querySelector("code"), style = getComputedStyle(code);
    return { lines: code.textContent.trimEnd().split("\n").length, height: code.offsetHeight, line: parseFloat(style.lineHeight) };
  });
  assert.ok(Math.abs(height - lines * line) < line / 2, `${lines} lines of ${line} pixels are ${height} high`);
}));

test("the outline marks the last part at the end of a page, and keeps it in sight", () =>
  visit(address("own", "internals/changelog.html"), async (page) => {
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
    await page.waitForFunction(() => document.querySelector(".outline li:last-child a").ariaCurrent === "true");
  }, { viewport: { width: 1280, height: 500 } }));
