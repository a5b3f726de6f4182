// A browser that sees what it is given and no other machine.
import { after, before } from "node:test";
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

let browser;
before(async () => {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
});
after(() => browser.close());

/**
 * Opens a page with a profile of its own, gives it to `look`, and then fails where the page complained
 * or asked for anything that is neither a file nor of its own server.
 */
export const visit = async (url, look, options = {}) => {
  // Without motion: a key pressed while a page still glides to the last one's target is lost.
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce", ...options });
  try {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    const foreign = [], complaints = [];
    const { origin } = new URL(url);
    const isForeign = (asked) => !["file:", "data:", "about:"].includes(asked.protocol) && asked.origin !== origin;
    await context.route(isForeign, (route) => { foreign.push(route.request().url()); return route.abort(); });
    const page = await context.newPage();
    page.on("console", (message) => { if (["error", "warning"].includes(message.type())) complaints.push(message.text()); });
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(url);
    await look(page);
    assert.deepEqual(foreign, [], "requests to other hosts");
    assert.deepEqual(complaints, [], "complaints in the console");
  } finally {
    await context.close();
  }
};

/** Presses Tab until an element has the focus. */
export const tabTo = async (page, selector) => {
  for (let presses = 0; presses < 150; presses++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((selector) => document.activeElement.matches(selector), selector)) return;
  }
  assert.fail(`Tab never reaches ${selector}`);
};
