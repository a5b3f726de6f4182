((generation, page) => {
  // What was chosen and opened stays so when the page is loaded again.
  const key = `stagebook-live ${page}`;
  const folded = () => [...document.querySelectorAll("main details")];
  const variant = () => document.querySelector("input[name=variant]:checked");
  try {
    const kept = JSON.parse(sessionStorage.getItem(key));
    sessionStorage.removeItem(key);
    const chosen = kept && document.getElementById(kept.variant);
    if (chosen) chosen.checked = true;
    if (kept?.open.length === folded().length) folded().forEach((part, number) => { part.open = kept.open[number]; });
  } catch { /* nothing is kept */ }
  const reload = () => {
    try { sessionStorage.setItem(key, JSON.stringify({ variant: variant()?.id, open: folded().map((part) => part.open) })); } catch { /* nothing is kept */ }
    location.reload();
  };
  const events = new EventSource(`/.stagebook/events?${generation}&${encodeURIComponent(page)}`);
  events.addEventListener("changed", ({ data }) => {
    const pages = JSON.parse(data);
    if (pages[0] === "*" || pages.includes(page)) reload();
  });
  let shown;
  events.addEventListener("problem", ({ data }) => {
    const text = JSON.parse(data);
    shown?.remove();
    shown = undefined;
    if (!text) return;
    shown = document.createElement("div");
    shown.setAttribute("role", "alert");
    shown.style.cssText = "position:fixed;inset:auto 1rem 1rem;z-index:99;max-height:60vh;overflow:auto;padding:1rem;border:2px solid #b3261e;border-radius:10px;background:#1b1e24;color:#f4f6f8;font:13px/1.5 monospace;white-space:pre;tab-size:4";
    shown.textContent = text;
    document.body.append(shown);
  });
})
