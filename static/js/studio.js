// The editor of a draft: saves while one types, shows what the server says of it, and loses nothing.
// The server renders the whole editor each time. While its controls stay the same, only the parts
// marked data-live are taken over, so that typing is never disturbed; else htmx swaps the editor,
// and what was typed since the request left is put back.
(() => {
  const TYPING_PAUSE_MS = 600;
  let timer = 0;
  let sent = null; // what each control held when the request left
  let edited = ""; // what the button asked for that sent it: to add, move, remove, open or close
  let opened = new Set(); // parts that unfold in the page itself
  let typed = new Map(); // what was typed between request and answer

  const form = () => document.querySelector("form[data-editor][hx-post]");
  const isText = (node) => node.matches("textarea, input:not([type=checkbox], [type=radio])");

  function save(after) {
    clearTimeout(timer);
    timer = setTimeout(() => { if (form()) htmx.trigger(form(), "save"); }, after);
  }
  document.addEventListener("input", (event) => {
    if (event.target.form === form() && isText(event.target)) save(TYPING_PAUSE_MS);
  });
  document.addEventListener("change", (event) => {
    if (event.target.form === form()) save(0);
  });

  // --- What the controls hold, and how they are built ---
  function values(root) {
    const held = new Map();
    for (const node of root.querySelectorAll("[name]")) {
      if (node.matches("button, [name=_revision]")) continue;
      const key = node.id || node.name;
      held.set(key, node.type === "checkbox" ? String(node.checked) : node.value);
    }
    return held;
  }
  const options = (node) => [...node.options].map((option) => `${option.value}\t${option.label}`).join("\n");
  function structure(root) {
    return [...root.querySelectorAll("[name], [data-structure]")]
      .map((node) => [node.tagName, node.type, node.id, node.name, node.type === "checkbox" ? node.value : "", node.tagName === "SELECT" ? options(node) : "", node.tagName === "BUTTON" ? node.value : ""].join("|"))
      .join("\n");
  }

  document.addEventListener("htmx:configRequest", (event) => {
    if (event.target !== form()) return;
    clearTimeout(timer);
    // htmx adds the button that has the focus, pressed or not; only a pressed one asks for an edit,
    // even if its request had to wait.
    delete event.detail.parameters._edit;
    const button = event.detail.triggeringEvent?.submitter;
    if (button?.name) event.detail.parameters[button.name] = button.value;
    edited = button?.name ? button.value : "";
    sent = values(form());
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.target.id !== "editor" || !form()) return;
    const fresh = new DOMParser().parseFromString(event.detail.serverResponse, "text/html");
    const editor = fresh.getElementById("editor");
    if (!editor) { // an error, or the sign-in page: what is on the screen must stay there
      event.detail.shouldSwap = false;
      if (!event.detail.xhr.getResponseHeader("HX-Redirect")) showFailure();
      return;
    }
    event.detail.isError = false;
    const now = document.getElementById("editor");
    typed = new Map([...values(form())].filter(([key, value]) => sent?.has(key) && sent.get(key) !== value));
    // What was typed into an entry while it was being closed has no control to be put back into:
    // the entry stays open, and is saved as it stands.
    const homeless = edited.startsWith("close:") && [...typed.keys()].some((id) => !fresh.getElementById(id));
    if (homeless || (!edited && structure(editor) === structure(now))) {
      event.detail.shouldSwap = false;
      takeOver(fresh, document);
      showHistory();
      if (homeless) save(0);
    } else {
      event.detail.shouldSwap = true;
      takeOver(fresh, document, now);
      opened = new Set([...now.querySelectorAll("details[open]")].map((node) => node.id));
    }
  });

  // Nobody may think that something is saved when it is not.
  function showFailure() {
    const state = document.getElementById("save-state");
    const failure = document.getElementById("save-failed");
    if (state && failure) state.replaceChildren(document.importNode(failure.content, true));
  }
  for (const trouble of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(trouble, (event) => { if (event.target === form()) showFailure(); });
  }

  // Live parts of the answer take the place of those on the page; `except` is swapped whole.
  function takeOver(fresh, page, except) {
    for (const part of fresh.querySelectorAll("[data-live][id]")) {
      const old = page.getElementById(part.id);
      if (!old || except?.contains(old) || old.innerHTML === part.innerHTML) continue;
      old.replaceChildren(...[...part.childNodes].map((node) => document.importNode(node, true)));
    }
    for (const control of fresh.querySelectorAll("[name][id]")) {
      const old = page.getElementById(control.id);
      if (!old || except?.contains(old)) continue;
      if (control.hasAttribute("aria-invalid")) old.setAttribute("aria-invalid", "true");
      else old.removeAttribute("aria-invalid");
    }
  }

  document.addEventListener("htmx:afterSwap", (event) => {
    const editor = document.getElementById("editor");
    if (event.target.id !== "editor" || !editor || !form()) return;
    for (const id of opened) {
      const details = id && document.getElementById(id);
      if (details) details.open = true;
    }
    putBack(editor);
    focusOn(editor.dataset.focus);
    showHistory();
  });

  // Who has the history open sees each save come in.
  function showHistory() {
    if (document.querySelector("#history[open]")) htmx.trigger("#history-list", "refresh");
  }

  // Typed between request and answer: the newer text stays, and is saved in its turn.
  function putBack(editor) {
    for (const [key, value] of typed) {
      const node = document.getElementById(key);
      if (!node || !editor.contains(node)) continue;
      if (node.type === "checkbox") node.checked = value === "true";
      else node.value = value;
    }
    if (typed.size) save(0);
    typed = new Map();
  }

  function focusOn(id) {
    const place = id && document.getElementById(id);
    if (!place) return;
    for (let node = place; node; node = node.parentElement) if (node.matches("details")) node.open = true;
    const first = place.matches("button, input, select, textarea, summary") ? place
      : place.querySelector("input:not([type=hidden]), select, textarea") || place.querySelector("button, summary");
    (first || place).focus({ preventScroll: true });
    place.scrollIntoView({ block: "nearest" });
  }
})();
