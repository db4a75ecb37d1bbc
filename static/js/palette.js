// The command palette: pages and things from the server, actions from the page itself.
(() => {
  let entries = null;
  let shown = [];
  let selected = 0;
  const dialog = () => document.getElementById("palette");
  const input = () => document.getElementById("palette-input");

  const fold = (text) => text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");

  // Every word must occur; the start of a word counts more than its middle, the label more than the hint.
  function score(entry, words) {
    const label = fold(entry.label);
    const hint = fold(entry.hint || "");
    let total = 0;
    for (const word of words) {
      const at = label.indexOf(word);
      if (at === 0) total += 8;
      else if (at > 0) total += /[\s\-/_.]/.test(label[at - 1]) ? 6 : 3;
      else if (hint.includes(word)) total += 1;
      else return 0;
    }
    return total + 1 / label.length;
  }

  function ofPage() {
    const found = [];
    for (const node of document.querySelectorAll("main .button, main [data-palette], .topbar [data-palette], .rail-list a, .switcher a")) {
      const label = (node.dataset.palette || node.firstChild?.textContent || node.textContent || "").trim();
      if (!label || node.disabled || node.getAttribute("aria-disabled") === "true") continue;
      const inRail = node.closest(".rail");
      found.push({ label, hint: inRail ? "Page" : "On this page", group: inRail ? "Go to" : "On this page", node });
    }
    return found.sort((a, b) => b.group.localeCompare(a.group)); // "On this page" before "Go to"
  }

  async function load() {
    if (entries) return;
    entries = [];
    try {
      const answer = await fetch(dialog().dataset.paletteUrl, { headers: { Accept: "application/json" } });
      if (answer.ok) entries = (await answer.json()).map((entry) => ({ ...entry, group: entry.group || "Everywhere" }));
    } catch { entries = null; return; } // asked again when it is next opened
    render();
  }

  function render() {
    const list = document.getElementById("palette-list");
    const words = fold(input().value).split(/\s+/).filter(Boolean);
    const urls = new Set();
    let all = [...ofPage(), ...(entries || [])].filter((entry) => {
      const key = entry.url || (entry.node.href ? new URL(entry.node.href).pathname : "");
      if (key && urls.has(key)) return false;
      urls.add(key || entry.label);
      return true;
    });
    if (words.length) {
      all = all.map((entry) => [score(entry, words), entry]).filter(([points]) => points > 0)
        .sort((a, b) => b[0] - a[0]).map(([, entry]) => entry);
    }
    shown = all.slice(0, 40);
    selected = Math.min(selected, Math.max(0, shown.length - 1));
    list.replaceChildren(...rows(words.length > 0));
    document.getElementById("palette-count").textContent = `${shown.length} result${shown.length === 1 ? "" : "s"}`;
    mark();
  }

  function rows(isSearch) {
    if (!shown.length) {
      const none = document.createElement("p");
      none.className = "palette__empty";
      none.textContent = "Nothing by that name. Try a workflow, a change number or an action.";
      return [none];
    }
    const nodes = [];
    let group = "";
    shown.forEach((entry, index) => {
      if (!isSearch && entry.group !== group) {
        group = entry.group;
        const head = document.createElement("p");
        head.className = "palette__group";
        head.setAttribute("role", "presentation");
        head.textContent = group;
        nodes.push(head);
      }
      const row = document.createElement("div");
      row.className = "palette__option";
      row.id = `palette-option-${index}`;
      row.setAttribute("role", "option");
      row.dataset.index = index;
      const label = document.createElement("span");
      label.className = "truncate";
      label.textContent = entry.label;
      const hint = document.createElement("span");
      hint.className = "palette__hint truncate";
      hint.textContent = isSearch || entry.group === "Everywhere" ? entry.hint || "" : "";
      row.append(label, hint);
      nodes.push(row);
    });
    return nodes;
  }

  function mark() {
    document.querySelectorAll(".palette__option").forEach((row) => {
      const isIt = Number(row.dataset.index) === selected;
      row.setAttribute("aria-selected", String(isIt));
      if (isIt) row.scrollIntoView({ block: "nearest" });
    });
    if (shown.length) input().setAttribute("aria-activedescendant", `palette-option-${selected}`);
    else input().removeAttribute("aria-activedescendant");
  }

  function open() {
    if (!dialog() || dialog().open) return;
    document.getElementById("rail")?.hidePopover?.();
    input().value = "";
    selected = 0;
    dialog().showModal();
    input().focus();
    render();
    load();
  }

  function choose(index) {
    const entry = shown[index];
    if (!entry) return;
    dialog().close();
    if (entry.url) location.assign(entry.url);
    else { entry.node.focus(); entry.node.click(); }
  }

  document.addEventListener("console:palette", open);
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-palette-open]")) open();
    const row = event.target.closest(".palette__option");
    if (row) choose(Number(row.dataset.index));
  });
  document.addEventListener("input", (event) => {
    if (event.target.id === "palette-input") { selected = 0; render(); }
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.id !== "palette-input") return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && shown.length) {
      event.preventDefault();
      selected = (selected + step + shown.length) % shown.length;
      mark();
    } else if (event.key === "Enter") {
      event.preventDefault();
      choose(selected);
    }
  });
})();
