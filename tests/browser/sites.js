// Makes the sites that the tests look at: this project's own book, and one whose pages show every state.
import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { extname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const project = resolve(here, "../..");
const out = join(project, "target/browser");
const stagebook = resolve(project, process.env.STAGEBOOK ?? "target/release/stagebook");

/** The folders of the sites. */
export const sites = { own: join(out, "own"), states: join(out, "states/site"), guest: join(out, "guest/site") };

/** Returns the address of a page. */
export const address = (site, page) => pathToFileURL(join(sites[site], page)).href;

/** Returns every page of a site, as paths in it. */
export const pages = (site) =>
  readdirSync(sites[site], { recursive: true }).filter((path) => path.endsWith(".html")).sort();

/** Returns the pages that can be opened from a disk: all but the one for wrong addresses, which needs a host. */
export const onDisk = (site) => pages(site).filter((path) => path !== "404.html");

/**
 * Serves a site as a host of static pages does, on this machine alone; the caller closes it. A wrong address is
 * answered with 200: the browser would complain of a 404 in its console.
 */
export const serve = (site) => new Promise((ready) => {
  const server = createServer((request, answer) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const file = join(sites[site], pathname);
    const found = extname(file) !== "" && existsSync(file);
    const kind = { ".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".svg": "image/svg+xml" };
    const shown = found ? file : join(sites[site], "404.html");
    answer.writeHead(200, { "content-type": kind[extname(shown)] ?? "application/octet-stream" });
    answer.end(readFileSync(shown));
  });
  server.listen(0, "127.0.0.1", () => ready({
    address: (page) => `http://127.0.0.1:${server.address().port}/${page}`,
    close: () => { server.close(); server.closeAllConnections(); },
  }));
});

const run = (folder, ...words) => execFileSync(stagebook, words, { cwd: folder, stdio: ["ignore", "inherit", "inherit"] });

/** Text of a record that is markup where it is not escaped. */
const HOSTILE = `<script>window.hacked = 6</script><img src=x onerror='window.hacked = 7'>`;

const makeStates = () => {
  const folder = join(out, "states");
  rmSync(folder, { recursive: true, force: true });
  cpSync(join(here, "fixture"), join(folder, "docs"), { recursive: true });
  writeFileSync(join(folder, "stagebook.toml"), "");
  for (const page of ["verified", "failed", "stale", "hostile", "variants", "images"]) {
    // Those of them that are meant to fail do so.
    try { run(folder, "run", "--quiet", `docs/${page}.md`); } catch (error) { if (error.status !== 1) throw error; }
  }
  const stale = join(folder, "docs/stale.md");
  writeFileSync(stale, readFileSync(stale, "utf8").replaceAll("old\n", "new\n"));
  rmSync(join(folder, ".stagebook/records/docs/variants.md/base=small"), { recursive: true });
  const record = join(folder, ".stagebook/records/docs/hostile.md/default/record.json");
  const poisoned = readFileSync(record, "utf8")
    .replace(/"(distribution|architecture|kernel|stagebook)":(\s*)"[^"]*"/g, `"$1":$2"${HOSTILE}"`)
    .replaceAll("exit status 1", `exit status 1 ${HOSTILE}`);
  if (!poisoned.includes("hacked = 7")) throw new Error("the record has nothing that could be hostile");
  writeFileSync(record, poisoned);
  run(folder, "book", "build", "docs", "-d", "site");
};

const makeOwn = () => {
  rmSync(sites.own, { recursive: true, force: true });
  run(project, "book", "build", "book", "-d", relative(project, sites.own));
};

/** A book of mdBook that is dark for everyone, with a table of contents that is folded. */
const makeGuest = () => {
  const folder = join(out, "guest");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "src"), { recursive: true });
  const write = (path, text) => writeFileSync(join(folder, path), text);
  write("book.toml", `[book]\ntitle = "Guest"\n[output.html]\ndefault-theme = "navy"\n[output.html.fold]\nenable = true\n`);
  write("src/SUMMARY.md", "- [One](one.md)\n    - [Below one](below-one.md)\n- [Two](two.md)\n    - [Below two](below-two.md)\n");
  for (const page of ["one", "below-one", "two", "below-two"]) write(`src/${page}.md`, `# ${page}\n\nWords.\n`);
  run(folder, "book", "build", "-d", "site");
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(out, { recursive: true });
  makeStates();
  makeOwn();
  makeGuest();
}
