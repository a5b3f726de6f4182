// Everything that works without this script: reading, links, tabs of variants, folding.
// What it adds: the theme, copying, the outline's mark, the sidebar's scroll, and search.
(() => {
  "use strict";
  const root = document.documentElement;
  // A browser that keeps nothing for pages throws when it is asked for the store itself.
  const keep = {
    get(key, store = "localStorage") { try { return window[store].getItem(key); } catch { return null; } },
    set(key, value, store = "localStorage") { try { value ? window[store].setItem(key, value) : window[store].removeItem(key); } catch { /* private window */ } },
  };

  // Light, dark, and what the system says. What the book has for all is not kept: it is there without a choice.
  const names = { system: "as the system has them", light: "light", dark: "dark" };
  const themes = Object.keys(names), preset = root.dataset.defaultTheme || "system";
  const shownTheme = () => root.dataset.theme || preset;
  const themeButton = document.querySelector("button.theme");
  const nameTheme = () => {
    const name = `Colours: ${names[shownTheme()]}`;
    themeButton?.setAttribute("aria-label", name);
    if (themeButton) themeButton.title = name;
  };
  nameTheme();
  themeButton?.addEventListener("click", () => {
    const next = themes[(themes.indexOf(shownTheme()) + 1) % themes.length];
    keep.set("stagebook-theme", next === preset ? "" : next);
    if (next === preset) delete root.dataset.theme; else root.dataset.theme = next;
    nameTheme();
  });

  // A link may lead to a variant, which is chosen then.
  const choose = () => {
    const chosen = location.hash.startsWith("#variant-") && document.getElementById(location.hash.slice(1));
    if (chosen?.name === "variant") chosen.checked = true;
  };
  choose();
  addEventListener("hashchange", choose);

  // Copies commands alone: neither prompts nor what they printed, nor lines that are not shown.
  const commands = (block) => {
    const copy = block.cloneNode(true);
    copy.querySelectorAll(".prompt, .printed, .callout").forEach((part) => part.remove());
    if (block.closest(".hide-lines")) copy.querySelectorAll(".boring").forEach((part) => part.remove());
    return copy.textContent.replace(/\n+$/, "\n");
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button.copy");
    if (!button) return;
    const text = commands(button.closest(".step, .codeblock").querySelector("pre"));
    try { await navigator.clipboard.writeText(text); } catch { fallback(text); }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  // Pages of `file://` have no clipboard in some browsers.
  const fallback = (text) => {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  };

  // Hidden lines of examples.
  document.querySelectorAll(".codeblock:has(.boring)").forEach((block) => {
    block.classList.add("hide-lines");
    const button = Object.assign(document.createElement("button"), { type: "button", className: "copy reveal", textContent: "Show all" });
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", (event) => {
      event.stopPropagation();
      const hidden = block.classList.toggle("hide-lines");
      button.textContent = hidden ? "Show all" : "Show less";
      button.setAttribute("aria-pressed", String(!hidden));
    });
    block.querySelector(".label")?.append(button);
  });

  // What a big book folds away is filled in when it is opened: items of the whole table, by their numbers.
  let whole;
  const fill = (details) => {
    const [start, count] = details.dataset.entries.split("+").map(Number);
    const first = whole[start];
    const items = [...first.parentElement.children].slice([...first.parentElement.children].indexOf(first)).slice(0, count);
    const list = details.querySelector("ol");
    list.replaceChildren(...items.map((item) => item.cloneNode(true)));
    list.querySelectorAll("a").forEach((link) => link.setAttribute("href", root.dataset.root + link.getAttribute("href")));
    delete details.dataset.entries;
  };
  window.stagebookNav = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    whole = [...template.content.querySelectorAll("li")];
    document.querySelectorAll("details[data-entries][open]").forEach(fill);
  };
  document.querySelector(".side")?.addEventListener("toggle", ({ target }) => {
    if (!target.open || !target.dataset.entries) return;
    if (whole) fill(target);
    else document.head.append(Object.assign(document.createElement("script"), { src: `${root.dataset.root}assets/nav.js` }));
  }, true);

  // Scrolls a frame alone: the page around it stays where it is, which `scrollIntoView` does not promise.
  const center = (frame, element) => {
    const outer = frame.getBoundingClientRect(), inner = element.getBoundingClientRect();
    frame.scrollTop += inner.top - outer.top - (frame.clientHeight - inner.height) / 2;
  };

  // The sidebar stays where it was.
  const side = document.querySelector(".side");
  if (side) {
    const kept = Number(keep.get("stagebook-side", "sessionStorage"));
    const current = side.querySelector("[aria-current]");
    if (kept) side.scrollTop = kept;
    if (current) {
      const box = current.getBoundingClientRect(), frame = side.getBoundingClientRect();
      if (box.top < frame.top || box.bottom > frame.bottom) center(side, current);
    }
    addEventListener("pagehide", () => keep.set("stagebook-side", side.scrollTop, "sessionStorage"));
    const menu = document.querySelector(".menu");
    menu?.setAttribute("role", "button");
    menu?.setAttribute("aria-expanded", "false");
    // A button answers to the space bar as well.
    menu?.addEventListener("keydown", (event) => { if (event.key === " ") { event.preventDefault(); menu.click(); } });
    const unfold = (open) => {
      side.classList.toggle("open", open);
      menu.setAttribute("aria-expanded", String(open));
    };
    menu?.addEventListener("click", (event) => {
      event.preventDefault();
      unfold(!side.classList.contains("open"));
      if (side.classList.contains("open")) (current ?? side.querySelector("a, summary"))?.focus();
    });
    // It lies over the page, so it is left by Escape, and when something else is gone to.
    addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !side.classList.contains("open") || document.querySelector("dialog[open]")) return;
      unfold(false);
      menu.focus();
    });
    document.addEventListener("focusin", ({ target }) => {
      if (side.classList.contains("open") && !side.contains(target) && target !== menu) unfold(false);
    });
  }

  // The outline marks what is read. An id may hold a `%` that escapes nothing.
  const unescaped = (text) => { try { return decodeURIComponent(text); } catch { return text; } };
  const entries = [...document.querySelectorAll(".outline a")];
  const headings = entries.map((entry) => document.getElementById(unescaped(entry.hash.slice(1))));
  const outline = document.querySelector(".outline");
  const mark = () => {
    const top = (heading) => heading?.getBoundingClientRect().top;
    let at = Math.max(0, headings.findLastIndex((heading) => top(heading) < 120));
    // The last parts of a page may be too short to come to its top: what was asked for is read, else the last one.
    const isEnd = innerHeight + scrollY >= root.scrollHeight - 2 && scrollY > 0;
    const asked = entries.findIndex((entry) => entry.hash === location.hash);
    if (isEnd) at = asked > at ? asked : entries.length - 1;
    entries.forEach((entry, index) => index === at ? entry.setAttribute("aria-current", "true") : entry.removeAttribute("aria-current"));
    if (outline.scrollHeight > outline.clientHeight) center(outline, entries[at]);
  };
  if (entries.length) { addEventListener("scroll", mark, { passive: true }); addEventListener("hashchange", mark); mark(); }

  // Search is loaded when it is asked for.
  const openSearch = () => {
    if (window.stagebookSearch) { window.stagebookSearch.open(); return; }
    const script = document.createElement("script");
    script.src = `${root.dataset.root}assets/search.js`;
    script.onload = () => window.stagebookSearch.open();
    document.head.append(script);
  };
  const searchButton = document.querySelector(".open-search");
  searchButton?.addEventListener("click", openSearch);
  addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    const slash = event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey;
    const chord = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey);
    if (searchButton && (slash || chord)) { event.preventDefault(); openSearch(); }
  });
})();
