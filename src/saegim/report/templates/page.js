"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");

  // The theme: as the system has it, until somebody chooses.
  const button = document.querySelector(".theme");
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
  const store = (theme) => { try { localStorage.setItem("saegim-theme", theme); } catch { /* kept for this page alone */ } };
  const stored = () => { try { return localStorage.getItem("saegim-theme"); } catch { return null; } };
  const name = () => { button.textContent = isDark() ? button.dataset.light : button.dataset.dark; };
  if (["dark", "light"].includes(stored())) root.dataset.theme = stored();
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    store(root.dataset.theme);
    name();
  });
  dark.addEventListener("change", name);
  name();

  // What a mark of a chart shows, beside the pointer. Without it, the tables have the same figures.
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.setAttribute("aria-hidden", "true");
  tip.hidden = true;
  document.body.append(tip);
  document.addEventListener("pointermove", (event) => {
    const mark = event.target.closest?.(".chart [role='graphics-symbol'][aria-label]:not([aria-roledescription='axis'], [aria-roledescription='legend'], [aria-roledescription='line mark'], [aria-roledescription='rule'])");
    tip.hidden = !mark;
    if (!mark) return;
    tip.textContent = mark.getAttribute("aria-label");
    const left = Math.min(event.pageX + 12, scrollX + root.clientWidth - tip.offsetWidth - 8);
    tip.style.setProperty("left", `${Math.max(left, scrollX + 8)}px`);
    tip.style.setProperty("top", `${event.pageY + 16}px`);
  });

  // Lists of texts: by label, by what they hold, in another order.
  for (const form of document.querySelectorAll(".controls")) {
    const list = form.parentElement.querySelector(".cards");
    const cards = [...list.children];
    const text = (card) => card.querySelector(".words")?.textContent ?? "";
    const orders = {
      true: (a, b) => a.dataset.true.localeCompare(b.dataset.true),
      said: (a, b) => a.dataset.said.localeCompare(b.dataset.said),
      length: (a, b) => text(a).length - text(b).length,
    };
    const update = () => {
      const wanted = new FormData(form);
      const words = (wanted.get("search") ?? "").trim().toLocaleLowerCase();
      let shown = 0;
      for (const card of cards) {
        const fits = ["true", "said", "suspect"].every((key) => !wanted.get(key) || wanted.get(key) === card.dataset[key]);
        card.hidden = !(fits && text(card).toLocaleLowerCase().includes(words));
        shown += !card.hidden;
      }
      const order = orders[wanted.get("sort")];
      list.append(...(order ? [...cards].sort(order) : cards));
      const output = form.querySelector("output");
      output.textContent = output.dataset.count.replace("{n}", shown);
    };
    form.addEventListener("input", update);
    form.addEventListener("submit", (event) => event.preventDefault());
    update();
  }

  // Commands to copy.
  for (const copy of document.querySelectorAll(".copy")) {
    const before = copy.textContent;
    copy.addEventListener("click", async () => {
      const code = copy.parentElement.querySelector("code");
      try {
        await navigator.clipboard.writeText(code.textContent);
        copy.textContent = copy.dataset.copied;
        setTimeout(() => { copy.textContent = before; }, 2000);
      } catch {
        getSelection().selectAllChildren(code);
      }
    });
  }

  // Where the reader is.
  const links = new Map([...document.querySelectorAll(".contents a")].map((link) => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      for (const link of links.values()) link.removeAttribute("aria-current");
      links.get(entry.target.id)?.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-20% 0px -70% 0px" });
  for (const section of document.querySelectorAll("main > section")) seen.observe(section);
})();
