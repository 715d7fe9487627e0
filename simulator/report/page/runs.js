
// The list of runs, failing ones first, and what narrows it.

const PAGE_RUNS = 500;
const timelines = new Map(DATA.timelines);
const choice = { statuses: new Set(), script: "", words: "", shown: PAGE_RUNS, run: null };
const RUNS = DATA.runs.slice().sort((one, other) => FAILURES.has(other.status) - FAILURES.has(one.status) || one.index - other.index);

function searchable(run) {
  if (run.text === undefined) {
    const calls = run.calls.flatMap((call) => [call.caller, call.call_id, call.mode, ...call.turns.flatMap((turn) => [turn.caller, turn.agent])]);
    const spans = (timelines.get(run.index) || []).flat().map((span) => span[4]);
    const found = run.violations.flatMap((violation) => [violation.checker, violation.what]);
    run.text = [run.script, `seed ${run.seed}`, run.status, run.xfail, run.digest, ...run.faults, ...found, ...calls, ...spans].join("\n").toLowerCase();
  }
  return run.text;
}

function isShown(run) {
  return (!choice.statuses.size || choice.statuses.has(run.status)) && (!choice.script || run.script === choice.script)
    && choice.words.split(/\s+/).every((word) => !word || searchable(run).includes(word));
}

function showRuns() {
  const matching = RUNS.filter(isShown);
  byId("runs").replaceChildren(...matching.slice(0, choice.shown).map(row));
  const listed = byId("listed"), parts = [`${whole(matching.length)} of ${many(DATA.counts.runs, "run")}`];
  if (DATA.runs.length < DATA.counts.runs) parts.push(`only failing runs and the first ${whole(DATA.limits.listed)} others are on this page`);
  if (timelines.size < DATA.runs.length) parts.push(`${whole(timelines.size)} with timeline: failing ones (up to ${DATA.limits.failing}) and the first ${DATA.limits.other} others`);
  listed.replaceChildren(parts.join("; "));
  if (matching.length > choice.shown)
    listed.append(make("button", { type: "button", onclick: () => { choice.shown += PAGE_RUNS; showRuns(); } }, "show more"));
  return matching;
}

function row(run) {
  const first = run.violations[0];
  const why = first ? `${first.checker}: ${first.what}` : run.status === "xpassed" ? EXPLAINED.xpassed : "";
  return make("li", { class: run.status, "data-index": run.index, "aria-current": run === choice.run, title: `${run.status}: ${EXPLAINED[run.status]}`,
    onclick: () => { choose(run); showWhole(); } },
    make("b", {}, run.script), make("span", {}, `seed ${run.seed}`), why && run.status !== "passed" ? make("small", {}, why) : null);
}

function showWhole() {
  const main = document.querySelector("main");
  if (main.getBoundingClientRect().top > 40) main.scrollIntoView({ block: "start", behavior: "smooth" });
}

function choose(run, at = null) {
  choice.run = run;
  for (const item of byId("runs").children) item.setAttribute("aria-current", item.dataset.index === String(run.index));
  const item = byId("runs").querySelector('[aria-current="true"]');
  if (item) item.scrollIntoView({ block: "nearest" });
  showDetail(run, at);
  history.replaceState(null, "", `#run=${run.index}`);
}

function chooseScript(script) {
  choice.script = byId("script").value = script;
  choice.shown = PAGE_RUNS;
  const matching = showRuns();
  if (matching.length) choose(matching[0]);
  byId("runs").scrollIntoView({ block: "nearest" });
}

function step(by) {
  const rows = [...byId("runs").children];
  const now = rows.findIndex((item) => item.getAttribute("aria-current") === "true");
  const next = rows[Math.min(rows.length - 1, Math.max(0, now + by))];
  if (next) choose(DATA.runs.find((run) => String(run.index) === next.dataset.index));
}

function prepareFilters() {
  const select = byId("script");
  select.append(make("option", { value: "" }, "all scripts"), ...DATA.scripts.map((one) => make("option", { value: one.script }, one.script)));
  select.addEventListener("change", () => chooseScript(select.value));
  byId("search").addEventListener("input", (event) => {
    choice.words = event.target.value.toLowerCase().trim();
    choice.shown = PAGE_RUNS;
    showRuns();
  });
  for (const status of Object.keys(TONES).filter((name) => DATA.counts[name])) {
    const button = make("button", { type: "button", "aria-pressed": "false", title: EXPLAINED[status] }, `${status} ${whole(DATA.counts[status])}`);
    button.addEventListener("click", () => {
      if (!choice.statuses.delete(status)) choice.statuses.add(status);
      button.setAttribute("aria-pressed", choice.statuses.has(status));
      choice.shown = PAGE_RUNS;
      showRuns();
    });
    byId("statuses").append(button);
  }
  byId("runs").addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (by) { event.preventDefault(); step(by); }
  });
}
