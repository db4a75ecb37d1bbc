// Entries of a draft in another order: drag a handle with a mouse, pen or finger, or press the
// arrow keys on it. The server moves the entry, as it does for the buttons beside the handle.
(() => {
  const EDGE = 60; // px from the window's edge within which a drag scrolls
  let drag = null; // { handle, row, rows: in the order they had }
  let waiting = null; // rows in the order they had, until the server has answered

  const rowsAround = (row) => [...row.parentElement.children].filter((other) => other.querySelector(":scope > .rule__tools > [data-move]"));
  const rowOf = (handle) => handle.closest("li");
  const say = (text) => { document.getElementById("move-status").textContent = text; };

  function send(handle, place, count) {
    const button = document.getElementById("send-move");
    if (waiting || !button) return;
    const row = rowOf(handle);
    waiting = drag?.rows || rowsAround(row);
    button.value = `move:${handle.dataset.move}:${place}`;
    button.form.requestSubmit(button);
    const name = handle.getAttribute("aria-label").replace(/^Reorder /, "");
    say(`${name}: place ${place + 1} of ${count}.`);
  }
  // The answer swaps the whole list; after none, the list must look as it is kept.
  function settle(event) {
    if (event.target.id !== "editor-form" && event.target.id !== "editor") return;
    if (waiting && event.type !== "htmx:afterSwap") putBack(waiting);
    waiting = null;
  }
  function putBack(rows) {
    const before = document.createComment("");
    rows[0].parentElement.prepend(before);
    before.after(...rows);
    before.remove();
  }
  for (const name of ["htmx:afterSwap", "htmx:sendError", "htmx:timeout", "htmx:swapError"]) document.addEventListener(name, settle);

  document.addEventListener("keydown", (event) => {
    const handle = event.target.closest?.("[data-move]");
    if (!handle) return;
    if (event.key === "Escape" && drag) { putBack(drag.rows); end(); return; }
    const rows = rowsAround(rowOf(handle));
    const place = rows.indexOf(rowOf(handle));
    const to = { ArrowUp: place - 1, ArrowDown: place + 1, Home: 0, End: rows.length - 1 }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (to < 0 || to >= rows.length) say(`Already ${to < 0 ? "first" : "last"} of ${rows.length}.`);
    else if (to !== place) send(handle, to, rows.length);
  });

  document.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest?.("[data-move]");
    if (!handle || handle.disabled || event.button || waiting) return;
    const row = rowOf(handle);
    drag = { handle, row, rows: rowsAround(row) };
    row.classList.add("is-dragging");
    handle.setPointerCapture(event.pointerId);
    handle.focus({ preventScroll: true });
    event.preventDefault();
  });
  document.addEventListener("pointermove", (event) => {
    if (!drag) return;
    if (event.clientY < EDGE) scrollBy(0, -12);
    else if (event.clientY > innerHeight - EDGE) scrollBy(0, 12);
    for (const other of rowsAround(drag.row)) {
      if (other === drag.row) continue;
      const box = other.getBoundingClientRect();
      if (event.clientY < box.top || event.clientY > box.bottom) continue;
      const upper = event.clientY < box.top + box.height / 2;
      if (upper && other.previousElementSibling !== drag.row) other.before(drag.row);
      else if (!upper && other.nextElementSibling !== drag.row) other.after(drag.row);
    }
  });
  document.addEventListener("pointerup", () => {
    if (!drag) return;
    const rows = rowsAround(drag.row);
    const place = rows.indexOf(drag.row);
    if (place !== drag.rows.indexOf(drag.row)) send(drag.handle, place, rows.length);
    end();
  });
  document.addEventListener("pointercancel", () => {
    if (!drag) return;
    putBack(drag.rows);
    end();
  });
  function end() {
    drag.row.classList.remove("is-dragging");
    drag = null;
  }
})();
