// Rows of a Django formset: add from its empty form, remove, and move by button, keyboard or pointer.
//
// <div data-formset="rules"> management form · <ol data-formset-rows><li data-formset-row>…</li></ol>
// <template data-formset-empty>…__prefix__…</template> <button data-formset-add> </div>
// In a row: data-formset-remove, data-formset-up, data-formset-down, data-formset-handle;
// the inputs named …-ORDER and …-DELETE are kept right here and may be hidden.
(() => {
  const rowsOf = (set) => set.querySelector("[data-formset-rows]");
  const say = (set, text) => {
    const status = set.querySelector("[data-formset-status]");
    if (status) status.textContent = text;
  };

  function renumber(set) {
    let place = 0;
    for (const row of rowsOf(set).children) {
      const order = row.querySelector('input[name$="-ORDER"]');
      if (order) order.value = row.hidden ? "" : String(++place);
    }
    set.dispatchEvent(new Event("change", { bubbles: true }));
    set.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function add(set) {
    const total = set.querySelector('input[name$="-TOTAL_FORMS"]');
    const markup = set.querySelector("template[data-formset-empty]").innerHTML.replaceAll("__prefix__", total.value);
    rowsOf(set).insertAdjacentHTML("beforeend", markup);
    total.value = String(Number(total.value) + 1);
    const row = rowsOf(set).lastElementChild;
    window.htmx?.process(row);
    renumber(set);
    row.querySelector("input:not([type=hidden]), select, textarea")?.focus();
    say(set, "Row added.");
  }

  function remove(set, row) {
    const mark = row.querySelector('input[name$="-DELETE"]');
    const next = row.nextElementSibling || row.previousElementSibling;
    if (mark) {
      if (mark.type === "checkbox") mark.checked = true;
      else mark.value = "on";
    }
    row.hidden = true;
    renumber(set);
    (next?.querySelector("button") || set.querySelector("[data-formset-add]"))?.focus();
    say(set, "Row removed.");
  }

  function move(set, row, step, control) {
    const visible = [...rowsOf(set).children].filter((other) => !other.hidden);
    const place = visible.indexOf(row) + step;
    if (place < 0 || place >= visible.length) return;
    if (step < 0) visible[place].before(row);
    else visible[place].after(row);
    renumber(set);
    control?.focus();
    say(set, `Moved to place ${place + 1} of ${visible.length}.`);
  }

  document.addEventListener("click", (event) => {
    const set = event.target.closest("[data-formset]");
    if (!set) return;
    const row = event.target.closest("[data-formset-row]");
    const at = (name) => event.target.closest(`[data-formset-${name}]`);
    if (at("add")) add(set);
    else if (row && at("remove")) remove(set, row);
    else if (row && at("up")) move(set, row, -1, at("up"));
    else if (row && at("down")) move(set, row, 1, at("down"));
  });

  document.addEventListener("keydown", (event) => {
    const handle = event.target.closest?.("[data-formset-handle]");
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!handle || !step) return;
    event.preventDefault();
    move(handle.closest("[data-formset]"), handle.closest("[data-formset-row]"), step, handle);
  });

  // Pointer events rather than HTML drag and drop: they work for touch as well.
  let dragged = null;
  document.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest("[data-formset-handle]");
    if (!handle || event.button) return;
    dragged = handle.closest("[data-formset-row]");
    dragged.classList.add("is-dragging");
    handle.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  document.addEventListener("pointermove", (event) => {
    if (!dragged) return;
    for (const other of dragged.parentElement.children) {
      if (other === dragged || other.hidden) continue;
      const box = other.getBoundingClientRect();
      if (event.clientY < box.top || event.clientY > box.bottom) continue;
      if (event.clientY < box.top + box.height / 2) other.before(dragged);
      else other.after(dragged);
    }
  });
  for (const name of ["pointerup", "pointercancel"]) {
    document.addEventListener(name, () => {
      if (!dragged) return;
      dragged.classList.remove("is-dragging");
      renumber(dragged.closest("[data-formset]"));
      dragged = null;
    });
  }
})();
