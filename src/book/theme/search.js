// The search dialog. Its index comes from `book/search.rs`, as scripts: they load from a disk too.
{
const root = document.documentElement.dataset.root;
const make = (name, attributes, ...children) => {
  const element = document.createElement(name);
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  element.append(...children);
  return element;
};

// Reads tokens as `each_token` does, whose test has more cases: "__init__ no-X" init no x | "漢字索" 漢字 字索
const letter = "[\\p{Alphabetic}\\p{N}]";
const paired = "\\u3005-\\u9fff\\uac00-\\ufaff\\uff66-\\uffdc\\u{20000}-\\u{3ffff}";
const runs = new RegExp(`(?:(?=${letter})[${paired}])+|(?:(?=${letter}|_)[^${paired}])+`, "gu");
const isPaired = (run) => new RegExp(`[${paired}]`, "u").test(run);
const lower = (char) => [...char.toLowerCase()][0].replace("ς", "σ");
const word = (run) => [...run.replace(/^_+/, "")].slice(0, 32).map(lower).join("").replace(/_+$/, "") || [];
const pairs = ([first, ...rest]) => rest.length ? rest.map((next) => first + (first = next)) : first;
// Accents and forms of letters do not count, one letter after the other.
const plain = (char) => char > "~" ? char.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").normalize("NFC") : char;
const tokens = (text, split = pairs) => ([...text].map(plain).join("").match(runs) || []).flatMap((run) => isPaired(run) ? split(run) : word(run));

// Pieces of the index, each loaded once.
const loads = {}, buckets = [], texts = [];
const load = (file) => loads[file] ||= new Promise((onload, fail) => {
  document.head.append(Object.assign(make("script"), { src: `${root}search/${file}.js`, onload, onerror: () => fail(delete loads[file]) }));
});
let book, sections;
const table = (data) => {
  book = data;
  sections = data.pages.flatMap((page, number) => Array.from({ length: page[5] }, (none, at) => ({ page, number, at })));
};
const bucket = (number, { tokens, postings }) => {
  let token = "";
  const lists = postings.split(" ");
  buckets[number] = tokens.split(" ").map((entry, at) => [token = token.slice(0, parseInt(entry[0], 36)) + entry.slice(1), lists[at]]);
};
const read = (postings, visit) => {
  let next = 0, number = 0, shift = 0;
  for (const char of postings) {
    const digit = char.charCodeAt() - 63;
    number |= (digit & 31) << shift;
    shift += 5;
    if (digit > 31) continue;
    next += number >> 2;
    visit(sections[next++], number & 3);
    number = shift = 0;
  }
};

const find = async (term, open) => {
  const { first } = book, found = new Map(), pages = new Set();
  let at = first.findLastIndex((token) => token <= term);
  const wanted = at < 0 ? [] : [at];
  while (open && first[++at]?.startsWith(term)) wanted.push(at);
  await Promise.all(wanted.map(load));
  for (const [token, postings] of wanted.flatMap((number) => buckets[number])) {
    const factor = token === term ? 1 : open && token.startsWith(term) && .7;
    if (factor) read(postings, (section, weight) => {
      // Once or more often in the text, in the heading, in the page's title.
      found.set(section, Math.max([1, 1.4, 5, 12][weight] * factor, found.get(section) || 0));
      if (weight > 2) pages.add(section.page);
    });
  }
  return { found, pages };
};
const rank = (hits) => {
  let best = 0;
  return [...new Set(hits.flatMap(({ found }) => [...found.keys()]))].filter(fits).map((section) => {
    let score = 0, count = 0;
    for (const { found, pages } of hits) {
      // A term in the page's title counts for a section that has another one.
      const one = found.get(section) || pages.has(section.page) / 2;
      score += one;
      count += one > 0;
    }
    best = Math.max(best, count);
    // Of two titles, the shorter one is closer.
    return { section, count, score: score + (score > 3) / (1 + section.page[1].length) };
  }).filter(({ count }) => count === best).sort((a, b) => b.score - a.score);
};

// The query's words as they stand in a text.
const pattern = (query) => {
  const words = tokens(query, (run) => [run].concat(pairs(run)));
  return new RegExp(words.map((part, at) => isPaired(part) ? part : `(?<!${letter})${part}${words[at + 1] ? `(?!${letter})` : ""}`).join("|") || "$^", "giu");
};
// Where the words stand in a text: the marks fit what is plain, and each unit of that comes from somewhere.
const places = (text, marks) => {
  const from = [];
  let flat = "", at = 0;
  for (const char of text) {
    for (const unit of plain(char)) for (let i = 0; i < unit.length; i++) from.push(at);
    flat += plain(char);
    at += char.length;
  }
  from.push(at);
  return [...flat.matchAll(marks)].map(({ 0: { length }, index }) => ({ start: from[index], end: from[index + length], word: flat.slice(index, index + length).toLowerCase() }));
};
const mark = (element, text, marks) => {
  let kept = 0;
  for (const { start, end } of places(text, marks)) {
    element.append(text.slice(kept, start), make("mark", {}, text.slice(start, end)));
    kept = end;
  }
  element.append(text.slice(kept));
  return element;
};
// The stretch of a text with most of the words.
const stretch = (text, marks) => {
  let from = 0, best = 0;
  const all = places(text, marks);
  all.forEach(({ start }, at) => {
    const near = new Set();
    for (let next = at; all[next]?.end <= start + 120; next++) near.add(all[next].word);
    if (near.size > best) best = near.size, from = start;
  });
  from = Math.max(0, from - 40);
  const part = text.slice(from, from + 180).toWellFormed();
  return (from ? part.replace(/^\S{0,30}\s/, "… ") : part) + (text[from + 180] ? "…" : "");
};

let turn = 0, shown, place, current, timer, watcher;
const states = new Set(), languages = new Set();
const passes = (chosen, values) => !chosen.size || values.some((one) => chosen.has(one));
const fits = ({ page }) => passes(states, [page[3]]) && passes(languages, page[4]);
const input = make("input", { type: "search", role: "combobox", "aria-label": "Search", "aria-controls": "search-list", "aria-expanded": false, autocomplete: "off" });
const facets = make("div", { class: "facets" });
const status = make("p", { class: "status", role: "status" });
const list = make("ol", { role: "listbox", id: "search-list", "aria-label": "Results" });
const dialog = make("dialog", { class: "search", "aria-label": "Search" }, input, facets, status, list);
document.body.append(dialog);

const select = (to) => {
  const items = [...list.querySelectorAll("a")];
  place = to % items.length || 0;
  current = items.at(place);
  for (const item of items) {
    item.ariaSelected = item === current;
  }
  current?.scrollIntoView({ block: "nearest" });
  input.setAttribute("aria-activedescendant", current?.id || "");
};
const draw = ({ page: [url, name, part, state], number, at }, marks, place) => {
  const heading = make("span"), above = make("small"), snippet = make("small"), [word, kind] = book.states[state] || [];
  const link = make("a", { role: "option", id: `search-${place}`, tabindex: -1, href: root + url }, heading, " ", word ? make("span", { class: `state ${kind}` }, word) : "", above, snippet);
  mark(heading, name, marks);
  // A click may come before the section's own name.
  link.fill = () => link.filled ||= load(`text/${number}`).then(() => {
    const [id, title, text] = texts[number][at] || ["", "", ""];
    if (id) link.href += `#${encodeURIComponent(id)}`;
    heading.textContent = "";
    mark(heading, title || name, marks);
    above.textContent = [title && title !== name && name, part].filter(Boolean).join(" · ");
    mark(snippet, stretch(text.replace(/\s+/g, " "), marks), marks);
  });
  watcher.observe(link);
  return make("li", { role: "none" }, link);
};
const most = Number(document.documentElement.dataset.searchLimit) || 30;
const show = (found, marks, note) => {
  // Texts are loaded for what is on screen.
  watcher?.disconnect();
  watcher = new IntersectionObserver((entries) => entries.forEach(({ isIntersecting, target }) => {
    if (isIntersecting) watcher.unobserve(target), target.fill().catch(fail);
  }));
  list.replaceChildren(...found.slice(0, most).map(({ section }, at) => draw(section, marks, at)));
  const count = found.length;
  input.ariaExpanded = count > 0;
  select(0);
  status.textContent = count || input.value ? `${note}${count > most ? `${most} of ` : ""}${count || "No"} result${count === 1 ? "" : "s"}` : "";
};
const fail = () => status.textContent = "The index could not be loaded.";
const search = async () => {
  clearTimeout(timer);
  const mine = ++turn, query = input.value, terms = tokens(query);
  try {
    await load("table");
    if (!facets.firstChild) {
      facets.append(...book.states.map(facet(states)));
      const buttons = book.languages.map((word) => [word]).map(facet(languages));
      // A book may have many languages, and its readers few questions about them.
      if (buttons[0]) facets.append(make("details", {}, make("summary", {}, "Languages"), ...buttons));
    }
    // A single letter begins too many words.
    const hits = await Promise.all(terms.map((term, at) => find(term, !terms[at + 1] && (term[1] || isPaired(term)))));
    if (mine !== turn) return;
    // Without a query, a facet lists its pages.
    const results = terms[0] ? rank(hits) : sections.flatMap((section) => states.size + languages.size && !section.at && fits(section) ? { section } : []);
    show(results, pattern(query), results[0]?.count < terms.length ? "Nothing has all words. " : "");
    shown = query;
  } catch { fail(); }
  list.ariaBusy = mine !== turn;
};
const facet = (chosen) => ([word], at) => {
  const button = make("button", { "aria-pressed": false }, word);
  button.onclick = () => {
    chosen.delete(at) || chosen.add(at);
    button.ariaPressed = chosen.has(at);
    search();
  };
  return button;
};
input.oninput = () => {
  clearTimeout(timer);
  timer = setTimeout(search, 60);
  list.ariaBusy = true;
};
// Enter may be faster than the results: it means those of what is typed.
const enter = async () => {
  if (shown !== input.value) await search();
  if (shown !== input.value) return;
  await current?.fill().catch(() => 0);
  current?.click();
};
dialog.onkeydown = (event) => {
  const { key, target, isComposing } = event, step = { ArrowDown: 1, ArrowUp: -1 }[key];
  if (isComposing) return;
  if (key === "Escape") dialog.close();
  else if (target !== input) return;
  else if (step) select(place + step);
  else if (key === "Enter") enter();
  else return;
  event.preventDefault();
};
dialog.onclick = ({ target }) => (target === dialog || target.closest("a")) && dialog.close();
const open = () => {
  if (!dialog.open) dialog.showModal();
  input.select();
  search();
};
window.stagebookSearch = { open, table, bucket, text: (number, data) => texts[number] = data };
}
