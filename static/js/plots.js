// Draws the figures of a page: Plotly is fetched only where a [data-figure] waits, after the text.
// A figure names its colours by token ("--plot-1"); they are looked up here, in the theme that shows.
(() => {
  const source = document.currentScript.dataset.plotly;
  let loading = null;
  let probe = null;
  const coarse = matchMedia("(pointer: coarse)").matches; // without hover the bar would cover the plot

  // Plotly carries MapLibre's style sheet and adds it inline, which the content policy refuses,
  // unless an element of this id is there already. The console draws no maps.
  const MAP_STYLE = "9f215cf04c5486422605d13261cb87401f4e7763b6296af81e98efbc0130da53";

  function loadPlotly() {
    loading ??= new Promise((resolve, reject) => {
      document.head.append(Object.assign(document.createElement("template"), { id: MAP_STYLE }));
      const script = document.createElement("script");
      script.src = source;
      script.onload = () => resolve(window.Plotly);
      script.onerror = () => { loading = null; reject(new Error("plotly")); };
      document.head.append(script);
    });
    return loading;
  }

  // Custom properties hold light-dark(…); the browser resolves it only in a real property.
  function colour(token) {
    probe ??= document.body.appendChild(Object.assign(document.createElement("span"), { hidden: true }));
    probe.style.color = `var(${token})`;
    return getComputedStyle(probe).color;
  }

  // rgb(…) with an alpha: bands take their line's colour, thinner. "--plot-1/0.2" asks for it.
  function resolve(text) {
    const [token, alpha] = text.split("/");
    const value = colour(token);
    return alpha ? value.replace(/^rgb\((.*)\)$/, `rgba($1, ${alpha})`) : value;
  }

  function themed(value) {
    if (typeof value === "string") return value.startsWith("--") ? resolve(value) : value;
    if (Array.isArray(value)) return value.map(themed);
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, themed(inner)]));
    }
    return value;
  }

  // Days before months, as the rest of the console writes them.
  const DATES = [
    { dtickrange: [null, 1000], value: "%H:%M:%S.%L" }, { dtickrange: [1000, 60000], value: "%H:%M:%S" },
    { dtickrange: [60000, 86400000], value: "%H:%M\n%-d %b" }, { dtickrange: [86400000, "M1"], value: "%-d %b\n%Y" },
    { dtickrange: ["M1", "M12"], value: "%b %Y" }, { dtickrange: ["M12", null], value: "%Y" },
  ];
  const holdsDates = (figure) => (figure.data || []).some((trace) => /^\d{4}-\d\d-\d\d/.test(String(trace.x?.[0])));

  const isObject = (value) => value && typeof value === "object" && !Array.isArray(value);
  function merge(base, over) {
    const out = { ...base };
    for (const [key, value] of Object.entries(over || {})) {
      out[key] = isObject(value) && isObject(out[key]) ? merge(out[key], value) : value;
    }
    return out;
  }

  function axis() {
    return {
      gridcolor: "--plot-grid", linecolor: "--plot-axis", zerolinecolor: "--plot-axis", zerolinewidth: 1,
      tickfont: { color: "--ink-3", size: 11 }, title: { font: { color: "--ink-3", size: 11 }, standoff: 8 },
      automargin: true, ticks: "", fixedrange: false,
    };
  }

  function layoutOf(figure) {
    const family = getComputedStyle(document.body).fontFamily;
    const base = {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family, size: 12, color: "--ink-2" },
      colorway: ["--plot-1", "--plot-2", "--plot-3", "--plot-4", "--plot-5", "--plot-6"],
      margin: { l: 8, r: 12, t: 12, b: 8 }, hovermode: "closest", dragmode: false,
      hoverlabel: { bgcolor: "--raised", bordercolor: "--line-strong", font: { family, size: 12, color: "--ink" } },
      legend: { orientation: "h", x: 0, y: -0.18, yanchor: "top", font: { color: "--ink-2", size: 11 } },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: "--ink-3", activecolor: "--accent" },
      transition: { duration: 0 },
    };
    const layout = merge(base, figure.layout);
    const names = new Set(["xaxis", "yaxis", ...Object.keys(layout).filter((key) => /^[xy]axis\d*$/.test(key))]);
    for (const name of names) {
      const own = name.startsWith("x") && holdsDates(figure) ? { ...axis(), tickformatstops: DATES } : axis();
      layout[name] = merge(own, typeof layout[name]?.title === "string" ? { ...layout[name], title: { text: layout[name].title } } : layout[name]);
    }
    delete layout.template; // Plotly's own look; ours comes from the tokens
    return themed({ ...layout, autosize: true });
  }

  async function draw(node) {
    const data = document.getElementById(node.dataset.figure);
    if (!data) return;
    try {
      const plotly = await loadPlotly();
      const figure = JSON.parse(data.textContent);
      const config = { displayModeBar: coarse ? false : "hover", displaylogo: false, responsive: true, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] };
      await plotly.react(node, themed(figure.data || []), layoutOf(figure), config);
      node.dataset.drawn = "";
    } catch (error) {
      if (error.message !== "plotly") throw error;
      const text = document.createElement("p");
      text.className = "plot__message";
      text.textContent = "The plot could not be loaded. Its figures are in the table below.";
      node.replaceChildren(text);
    }
  }

  function drawAll(scope) {
    scope.querySelectorAll("[data-figure]").forEach((node) => {
      // Below the fold a plot waits until it is nearly in sight.
      if (node.dataset.drawn !== undefined) draw(node);
      else watcher.observe(node);
    });
  }
  const watcher = new IntersectionObserver((seen) => {
    for (const entry of seen) if (entry.isIntersecting) { watcher.unobserve(entry.target); draw(entry.target); }
  }, { rootMargin: "300px" });

  const whenIdle = window.requestIdleCallback || ((work) => setTimeout(work, 1));
  whenIdle(() => drawAll(document));
  document.addEventListener("console:theme", () => {
    document.querySelectorAll("[data-figure][data-drawn]").forEach((node) => draw(node));
  });
  document.addEventListener("htmx:afterSettle", (event) => drawAll(event.detail.elt.parentElement || document));
  document.addEventListener("toggle", (event) => {
    if (event.target.open) event.target.querySelectorAll?.("[data-figure][data-drawn]").forEach((node) => window.Plotly?.Plots.resize(node));
  }, true);
})();
