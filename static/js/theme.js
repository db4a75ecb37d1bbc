// Runs before the first paint, so that a chosen theme does not flash the other one.
(() => {
  let choice = "system";
  try { choice = localStorage.getItem("theme") || "system"; } catch { /* storage may be forbidden */ }
  if (choice === "light" || choice === "dark") document.documentElement.dataset.theme = choice;
})();
