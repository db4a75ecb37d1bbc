// The bench beside the editor: a trial that answers while one edits, and what the analysis finds.
// The request of a trial lives in the page's address, so that it can be shared and survives.
(() => {
  const WIDE = "(min-width: 90rem)";
  const OPEN = "bench";
  const isOfRequest = (name) => name.startsWith("a.") || ["prompt", "request_id", "input_tokens", "max_output_tokens"].includes(name);
  const byId = (id) => document.getElementById(id);
  const bench = () => byId("bench");
  const form = () => byId("try-form");
  let goTo = ""; // what takes the focus once an answer is there
  let unfolded = []; // parts of an answer that stay unfolded

  function remember(open) { try { localStorage.setItem(OPEN, open ? "open" : "folded"); } catch { /* forbidden */ } }
  function wanted() { try { return localStorage.getItem(OPEN); } catch { return null; } }

  function start() {
    if (!bench()) return;
    const asked = [...new URLSearchParams(location.search).keys()].some(isOfRequest);
    if (matchMedia(WIDE).matches ? wanted() !== "folded" : asked) bench().open = true;
    if (bench().open || asked) load();
  }
  const load = () => htmx.trigger("#try", "open");
  document.addEventListener("toggle", (event) => {
    if (event.target !== bench()) return;
    if (event.target.open) load();
    if (matchMedia(WIDE).matches) remember(event.target.open);
  }, true);

  // --- The address carries the request ---
  function ofRequest() {
    if (!form()) return [...new URLSearchParams(location.search)].filter(([name]) => isOfRequest(name));
    return [...new FormData(form())].filter(([name, value]) => isOfRequest(name) && value !== "");
  }
  function withRequest(address) {
    const url = new URL(address, location.href);
    for (const name of new Set(url.searchParams.keys())) if (isOfRequest(name)) url.searchParams.delete(name);
    for (const [name, value] of ofRequest()) url.searchParams.append(name, value);
    return url;
  }
  function writeAddress() { history.replaceState(history.state, "", withRequest(location.href)); }

  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = event.target.closest("a");
    if (!link) return;
    if (link.matches("[data-keeps-request], #draft-tabs a")) { link.href = withRequest(link.href); return; }
    if (link.matches("[data-bench-open]") && bench()) {
      event.preventDefault();
      bench().open = true;
      focusOn(link.dataset.benchOpen);
      return;
    }
    if (!link.matches("[data-try]") || !byId("try")) return;
    event.preventDefault();
    if (bench()) bench().open = true;
    goTo = link.matches("[data-try-clear]") ? "try-form" : "try-answer";
    htmx.ajax("GET", link.href, { source: "#try-verdict", target: "#try", select: "#try", swap: "outerHTML" });
  });

  function focusOn(id) {
    const place = byId(id);
    if (!place) return;
    const first = place.matches("form") ? place.querySelector("select, textarea, input:not([type=hidden])") : place;
    if (!first.matches("a, button, input, select, textarea")) first.tabIndex = -1;
    first.focus({ preventScroll: true });
    first.scrollIntoView({ block: "nearest" });
  }

  // --- A save of the editor is answered at once ---
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!event.target.matches("form[data-editor]") || event.detail.xhr?.status !== 200) return;
    htmx.trigger("#findings", "refresh");
    if (form()) htmx.trigger(form(), "refresh");
  });

  // --- An answer comes in ---
  document.addEventListener("htmx:beforeSwap", (event) => {
    const target = event.detail.target;
    if (!target || !["try", "try-answer", "findings"].includes(target.id)) return;
    unfolded = [...document.querySelectorAll("#bench details[open], .try details[open]")].map((node) => node.id);
    if (target.id !== "try-answer") return;
    const fresh = new DOMParser().parseFromString(event.detail.serverResponse, "text/html");
    const newer = fresh.getElementById("try-form");
    // Other controls are due: the whole trial is taken over, unless somebody is typing in it.
    if (newer?.dataset.contract && newer.dataset.contract !== form()?.dataset.contract && !form()?.contains(document.activeElement)) {
      event.detail.target = byId("try");
      event.detail.selectOverride = "#try";
      return;
    }
    // Beside the answer itself only these parts follow, in place, so that typing and the status
    // region go on undisturbed. An answer for a form that is no longer there reaches none of them:
    // its events do not come up to the document.
    for (const part of fresh.querySelectorAll("#try-verdict, #try-form .field__errors[id]")) {
      const old = byId(part.id);
      if (!old || old.innerHTML === part.innerHTML) continue;
      old.replaceChildren(...[...part.childNodes].map((node) => document.importNode(node, true)));
    }
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (!["try", "try-answer", "findings"].includes(event.detail.target?.id)) return;
    for (const id of unfolded) if (id && byId(id)) byId(id).open = true;
    if (event.detail.target.id !== "findings") writeAddress();
    if (goTo && event.detail.target.id === "try") { focusOn(goTo); goTo = ""; }
  });

  // htmx reads the page only now, and what is asked of it sooner is lost.
  document.addEventListener("DOMContentLoaded", start);
})();
