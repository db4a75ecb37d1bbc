// Behaviour of every page. All listeners sit on document, so that what htmx swaps in works at once.
(() => {
  const root = document.documentElement;
  const stored = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
  const store = (key, value) => { try { localStorage.setItem(key, value); } catch { /* forbidden */ } };
  const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

  // --- Theme ---
  function showTheme() {
    const choice = stored("theme") || "system";
    if (choice === "system") delete root.dataset.theme;
    else root.dataset.theme = choice;
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === choice));
    }
    document.dispatchEvent(new CustomEvent("console:theme"));
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showTheme);

  // --- Dialogs ---
  function openDialog(id) {
    const dialog = document.getElementById(id);
    if (dialog && !dialog.open) dialog.showModal();
    return dialog;
  }

  // --- Menus ---
  function closeMenus(except) {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (menu !== except) menu.open = false;
    }
  }

  // --- Toasts: what went well leaves by itself, what went wrong stays ---
  function leaveLater(toast) {
    if (toast.dataset.leaving || toast.matches(".toast--error, .toast--warning")) return;
    toast.dataset.leaving = "1";
    setTimeout(() => {
      if (toast.matches(":hover, :focus-within")) { delete toast.dataset.leaving; leaveLater(toast); }
      else toast.remove();
    }, 7000);
  }
  const watchToasts = () => document.querySelectorAll(".toast").forEach(leaveLater);

  // --- Confirmation: hx-confirm and data-confirm ask in the console's own dialog ---
  let onYes = null;
  function ask(text, yes, label) {
    const dialog = openDialog("confirm");
    dialog.querySelector("[data-confirm-text]").textContent = text;
    dialog.querySelector("[data-confirm-yes]").textContent = label || "Go ahead";
    onYes = yes;
  }
  document.addEventListener("htmx:confirm", (event) => {
    if (!event.detail.question) return;
    event.preventDefault();
    const label = event.detail.elt.dataset.confirmLabel;
    ask(event.detail.question, () => event.detail.issueRequest(true), label);
  });

  async function copy(button) {
    const text = button.dataset.copy || document.getElementById(button.dataset.copyFrom)?.textContent || "";
    await navigator.clipboard.writeText(text.trim());
    button.classList.add("is-copied");
    const before = button.getAttribute("aria-label");
    button.setAttribute("aria-label", "Copied");
    setTimeout(() => { button.classList.remove("is-copied"); button.setAttribute("aria-label", before || "Copy"); }, 1600);
  }

  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    const theme = at("[data-theme-choice]");
    if (theme) { store("theme", theme.dataset.themeChoice); showTheme(); closeMenus(); return; }
    const opener = at("[data-dialog-open]");
    if (opener) { closeMenus(); openDialog(opener.dataset.dialogOpen); return; }
    if (at("[data-dialog-close]")) { at("dialog")?.close(); return; }
    if (at("[data-confirm-yes]")) { at("dialog").close(); onYes?.(); onYes = null; return; }
    if (at("[data-toast-close]")) { at(".toast").remove(); return; }
    const copier = at("[data-copy], [data-copy-from]");
    if (copier) { copy(copier); return; }
    if (event.target.matches?.("dialog[open]")) {
      const box = event.target.getBoundingClientRect();
      const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
      if (!inside) event.target.close(); // a press on the backdrop
    }
    closeMenus(at("details.menu"));
  });

  // --- Forms: confirmation, unsaved work, filters that apply themselves ---
  const dirty = new Set();
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const question = event.submitter?.dataset.confirm || form.dataset.confirm;
    if (question && !form.dataset.confirmed) {
      event.preventDefault();
      const submitter = event.submitter;
      ask(question, () => { form.dataset.confirmed = "1"; form.requestSubmit(submitter); }, submitter?.dataset.confirmLabel || submitter?.textContent.trim());
      return;
    }
    delete form.dataset.confirmed;
    dirty.delete(form);
  });
  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("form[data-unsaved]");
    if (form) dirty.add(form);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) dirty.delete(event.detail.elt.closest("form"));
  });
  document.addEventListener("change", (event) => {
    if (event.target.closest("form[data-auto-submit]")) event.target.form.requestSubmit();
    if (event.target.matches("[data-shortcuts-switch]")) store("shortcuts", event.target.checked ? "on" : "off");
  });
  addEventListener("beforeunload", (event) => {
    for (const form of dirty) if (form.isConnected) event.preventDefault();
  });

  // --- Keyboard: Ctrl K is everywhere; single keys only outside fields, and can be turned off ---
  let prefix = "";
  let prefixTimer = 0;
  const isTyping = (node) => node.isContentEditable || node.matches?.("input:not([type=checkbox], [type=radio]), select, textarea");
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      document.dispatchEvent(new CustomEvent("console:palette"));
      return;
    }
    if (event.key === "Escape") {
      const menu = document.querySelector("details.menu[open]");
      if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (stored("shortcuts") === "off" || document.querySelector("dialog[open]")) return;
    if (event.key === "?") { event.preventDefault(); openDialog("shortcuts"); return; }
    if (event.key === "/") { event.preventDefault(); document.dispatchEvent(new CustomEvent("console:palette")); return; }
    const keys = prefix ? `${prefix} ${event.key}` : event.key;
    clearTimeout(prefixTimer);
    prefix = "";
    if (event.key === "g" && keys === "g") {
      prefix = "g";
      prefixTimer = setTimeout(() => { prefix = ""; }, 1200);
      return;
    }
    const target = document.querySelector(`[data-key="${CSS.escape(keys)}"]`);
    if (target) { event.preventDefault(); target.focus(); target.click(); }
  });

  function listShortcuts() {
    const list = document.querySelector("[data-shortcut-list]");
    if (!list) return;
    for (const node of document.querySelectorAll("[data-key]")) {
      const label = node.dataset.keyLabel || node.firstChild?.textContent.trim() || node.getAttribute("aria-label");
      const row = document.createElement("div");
      const name = document.createElement("span");
      name.textContent = label;
      const keys = document.createElement("span");
      node.dataset.key.split(" ").forEach((key) => {
        const cap = document.createElement("kbd");
        cap.textContent = key;
        keys.append(cap, " ");
      });
      row.append(name, keys);
      list.append(row);
    }
    const box = document.querySelector("[data-shortcuts-switch]");
    if (box) box.checked = stored("shortcuts") !== "off";
  }

  // --- A page that looks again by itself leaves whoever reads it where they are ---
  let reader = null;
  const regions = () => [...document.querySelectorAll(".table-region[aria-label]")];
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && event.detail.elt.matches("[data-looks-again]")) event.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { elt, serverResponse } = event.detail;
    if (!elt.matches("[data-looks-again]")) return;
    const found = new DOMParser().parseFromString(serverResponse, "text/html").getElementById(elt.id);
    if (!found) { // another page, to sign in for instance: it looks no more
      event.detail.shouldSwap = false;
      elt.replaceWith(elt.cloneNode(true));
      return;
    }
    const isAsBefore = found.matches("[data-looks-again]") && found.textContent === elt.textContent;
    if (isAsBefore && !elt.hasAttribute("hx-select-oob")) { // said once, also to screen readers
      event.detail.shouldSwap = false;
      return;
    }
    const focused = document.activeElement;
    reader = {
      box: focused.closest("[id]")?.id,
      href: focused.getAttribute("href"),
      label: focused.getAttribute("aria-label"),
      scrolled: new Map(regions().map((region) => [region.getAttribute("aria-label"), region.scrollLeft])),
    };
  });
  document.addEventListener("htmx:afterSwap", () => {
    if (!reader) return;
    const { box, href, label, scrolled } = reader;
    reader = null;
    for (const region of regions()) region.scrollLeft = scrolled.get(region.getAttribute("aria-label")) ?? 0;
    if (document.activeElement !== document.body || !(href || label)) return;
    const same = href ? `a[href="${CSS.escape(href)}"]` : `[aria-label="${CSS.escape(label)}"]`;
    document.getElementById(box)?.querySelector(same)?.focus({ preventScroll: true });
  });

  function start() {
    showTheme();
    listShortcuts();
    watchToasts();
    if (isMac) document.querySelectorAll("[data-shortcut-key]").forEach((cap) => { cap.textContent = "⌘ K"; });
    document.getElementById("error-summary")?.focus();
    document.addEventListener("htmx:afterSwap", watchToasts);
  }
  // A request that failed outright leaves no fragment to show it, so the page says so.
  for (const name of ["htmx:sendError", "htmx:responseError"]) {
    document.addEventListener(name, (event) => {
      if (event.detail.elt?.closest("[data-quiet]")) return; // a poll says nothing of its own trouble
      const status = event.detail.xhr?.status;
      const toast = document.createElement("div");
      toast.className = "toast toast--error";
      const text = document.createElement("p");
      text.className = "toast__text";
      text.textContent = status ? `That did not work (${status}). Nothing was changed; try again.` : "The console could not be reached. Nothing was changed; try again.";
      const close = document.createElement("button");
      close.type = "button";
      close.className = "copy";
      close.dataset.toastClose = "";
      close.setAttribute("aria-label", "Dismiss");
      close.textContent = "✕";
      toast.append(text, close);
      document.getElementById("toasts")?.append(toast);
    });
  }
  start();
})();
