((generation, page) => {
  const events = new EventSource(`/.stagebook/events?${generation}&${encodeURIComponent(page)}`);
  events.addEventListener("changed", ({ data }) => {
    const pages = JSON.parse(data);
    if (pages[0] === "*" || pages.includes(page)) location.reload();
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
