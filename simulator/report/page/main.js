
// Beginning: theme, summary, list, and the run that the address names or the first one.

function setTheme(theme) { document.documentElement.dataset.theme = theme; }

function begin() {
  document.body.append(tip);
  setTheme(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const turn = () => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  byId("theme").addEventListener("click", turn);
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") { event.preventDefault(); byId("search").focus(); }
    if (event.key === "t") turn();
  });
  showOverview();
  prepareFilters();
  const matching = showRuns(), asked = new URLSearchParams(location.hash.slice(1));
  const run = DATA.runs.find((one) => String(one.index) === asked.get("run")) || matching[0];
  const at = asked.get("at") === null ? NaN : Number(asked.get("at"));
  if (run) choose(run, Number.isFinite(at) ? at : null);
  else byId("detail").append(make("p", { class: "gone" }, "Nothing was run."));
}

begin();
