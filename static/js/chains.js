// The fallback grid: the chain of the cell under the pointer or the focus, drawn beside it. A tap,
// Enter or Space keeps it open; Escape closes it. Screen readers hear it as the cell's description.
(() => {
  const GAP = 6; // px between cell and drawing
  let shown = null;
  let kept = false;
  const popover = () => document.getElementById("chain-popover");
  const cellAt = (event) => event.target.closest?.("[data-chain]");

  function show(cell) {
    const box = popover();
    const drawn = document.getElementById(cell.getAttribute("aria-describedby"));
    if (!box || !drawn || (shown === cell && box.matches(":popover-open"))) return;
    box.replaceChildren(...[...drawn.childNodes].map((node) => node.cloneNode(true)));
    if (!box.matches(":popover-open")) box.showPopover();
    const at = cell.getBoundingClientRect();
    const left = Math.max(GAP, Math.min(at.left, innerWidth - box.offsetWidth - GAP));
    const below = at.bottom + GAP;
    const top = below + box.offsetHeight < innerHeight ? below : Math.max(GAP, at.top - box.offsetHeight - GAP);
    box.style.left = `${left}px`;
    box.style.top = `${top}px`;
    shown = cell;
  }
  function hide() {
    const box = popover();
    if (box?.matches(":popover-open")) box.hidePopover();
    shown = null;
    kept = false;
  }
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch" || kept) return;
    const cell = cellAt(event);
    if (cell) show(cell);
    else if (shown && !event.target.closest?.("#chain-popover") && document.activeElement !== shown) hide();
  });
  document.addEventListener("focusin", (event) => {
    const cell = cellAt(event);
    if (cell?.matches(":focus-visible")) show(cell);
    else if (!cell && shown) hide();
  });
  document.addEventListener("click", (event) => {
    const cell = cellAt(event);
    if (!cell) { if (shown && !event.target.closest?.("#chain-popover")) hide(); return; }
    if (kept && shown === cell) { hide(); return; }
    show(cell);
    kept = true;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && shown) hide();
    const cell = cellAt(event);
    if (!cell || (event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    cell.click();
  });
  addEventListener("scroll", () => { if (shown) hide(); }, { passive: true, capture: true });
})();
