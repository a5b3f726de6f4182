// Every page is valid HTML, and light.
import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { HtmlValidate } from "html-validate";
import { pages, sites } from "./sites.js";

const validator = new HtmlValidate({
  root: true,
  extends: ["html-validate:standard", "html-validate:a11y"],
  rules: {
    // A page shows the sheet of a table's columns, which Markdown writes as `style`.
    "no-inline-style": "off",
  },
});

for (const site of Object.keys(sites)) {
  test(`every page of ${site} is valid HTML`, async () => {
    const wrong = [];
    for (const path of pages(site)) {
      const report = await validator.validateFile(join(sites[site], path));
      for (const { messages } of report.results) {
        for (const { line, column, message, ruleId } of messages) wrong.push(`${path}:${line}:${column}: ${message} (${ruleId})`);
      }
    }
    assert.deepEqual(wrong, []);
  });
}

const compressed = (path) => gzipSync(readFileSync(path), { level: 9 }).length;

/** Returns what the first view of a page loads: the page, its sheets, its scripts, in bytes on the wire. */
const weight = (site, page) => {
  const file = join(site, page);
  const html = readFileSync(file, "utf8");
  const place = (path) => path.startsWith("/") ? join(site, path) : resolve(dirname(file), path);
  const linked = (pattern) => [...html.matchAll(pattern)].map(([, path]) => compressed(place(path)));
  const sum = (sizes) => sizes.reduce((all, one) => all + one, 0);
  const script = sum(linked(/<script[^>]* src="([^"]+)"/g));
  return { script, all: compressed(file) + script + sum(linked(/<link rel="stylesheet" href="([^"]+)"/g)) };
};

test("a page is at most 60 kB on the wire, its script at most 15 kB", () => {
  const heavy = [];
  for (const site of Object.keys(sites)) {
    for (const path of pages(site).filter((path) => path !== "print.html")) {
      const { script, all } = weight(sites[site], path);
      if (all > 60_000 || script > 15_000) heavy.push(`${site}/${path}: ${all} bytes, ${script} of them script`);
    }
  }
  assert.deepEqual(heavy, []);
});
