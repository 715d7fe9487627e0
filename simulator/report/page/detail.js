
// One run: what does not hold, how to see it again, its calls with timeline, conversation and events.

const LANE_NAMES = { caller: "caller", heard: "heard", mode: "mode", words: "words", tool: "tools", fault: "faults" };
let timeline = null;

function showDetail(run, at) {
  const script = DATA.scripts.find((one) => one.script === run.script);
  const violations = make("ol", { class: "violations" });
  byId("detail").replaceChildren(
    make("div", { class: "title" }, make("h2", {}, run.script), make("span", { class: "soft" }, `seed ${run.seed}`),
      make("span", { class: `badge ${TONES[run.status]}`, title: EXPLAINED[run.status] }, run.status)),
    script && script.about ? make("p", { class: "about" }, script.about) : "",
    run.xfail ? make("p", { class: "about warn" }, `expected to fail: ${run.xfail}`) : "",
    chips(run), rerun(run), violations);
  const callers = make("div", { class: "tabs", role: "tablist", "aria-label": "Calls" });
  const place = make("div");
  byId("detail").append(run.calls.length > 1 ? callers : "", place);
  const show = (number, moment) => {
    [...callers.children].forEach((tab, index) => tab.setAttribute("aria-selected", index === number));
    showCall(run, number, place, violations, moment);
  };
  run.calls.forEach((call, number) => callers.append(
    make("button", { type: "button", role: "tab", onclick: () => show(number, null) }, call.caller)));
  listViolations(run, violations, show);
  const first = run.violations.find((violation) => violation.at_ms !== null);
  show(first ? callOf(run, first) : 0, at);
}

function callOf(run, violation) {
  return Math.max(0, run.calls.findIndex((call) => call.caller === violation.caller));
}

function chips(run) {
  if (!run.faults.length) return "";
  return make("div", { class: "chips" }, "faults", ...run.faults.map((fault) => make("span", { class: "chip" }, fault)));
}

function rerun(run) {
  const copy = make("button", { type: "button", title: "Copy the command that runs this again" }, "Copy");
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(run.rerun);
      copy.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(copy.previousSibling);
      copy.textContent = "Press Ctrl-C";
    }
    setTimeout(() => { copy.textContent = "Copy"; }, 1500);
  });
  return make("div", { class: "rerun" }, make("code", {}, run.rerun), copy);
}

function listViolations(run, list, show) {
  run.violations.forEach((violation, number) => {
    const moment = violation.at_ms;
    const item = make("li", { "data-at": moment, "data-number": number, class: run.status === "xfailed" ? "expected" : "" },
      make("time", {}, moment === null ? "at the end" : seconds(moment)),
      make("p", {}, make("b", {}, violation.checker), violation.caller && run.calls.length > 1 ? ` (${violation.caller})` : "", `: ${violation.what}`));
    if (moment !== null) item.addEventListener("click", () => {
      const call = callOf(run, violation);
      if (!timeline || timeline.number !== call) show(call, null);
      if (timeline) timeline.goTo(moment, number);
    });
    list.append(item);
  });
}

function markViolation(list, number) {
  for (const item of list.children) item.classList.toggle("chosen", item.dataset.number === String(number));
  const item = list.querySelector(".chosen");
  if (item) list.scrollTop = item.offsetTop - list.offsetTop - 8;
}

function showCall(run, number, place, list, moment) {
  const call = run.calls[number], spans = (timelines.get(run.index) || [])[number];
  if (timeline) timeline.close();
  timeline = null;
  if (!call) { place.replaceChildren(make("p", { class: "gone" }, "Nothing is known of a call of this run.")); return; }
  const violations = run.violations.map((violation, index) => ({ ...violation, number: index }))
    .filter((violation) => violation.at_ms !== null && callOf(run, violation) === number);
  place.replaceChildren(facts(run, call));
  if (spans) {
    timeline = new Timeline(spans, call.duration_ms, violations, (chosen) => markViolation(list, chosen));
    timeline.number = number;
    place.append(timeline.element);
    timeline.fit();
    if (moment !== null) timeline.goTo(moment, null);
  } else {
    place.append(make("p", { class: "gone" },
      `The timeline of this run is not on the page: it has those of up to ${DATA.limits.failing} failing runs and of the first ${DATA.limits.other} others. `,
      "Run it alone with --html to see it."));
  }
  place.append(below(call, spans || [], violations));
}

function facts(run, call) {
  const fact = (name, value) => make("span", {}, `${name} `, make("b", {}, value));
  const times = call.latencies_ms.slice().sort((one, other) => one - other);
  return make("div", { class: "facts" },
    fact("lasted", `${(call.duration_ms / 1000).toFixed(1)} s`), fact("ended by", call.ended_by || "nobody: it never had a stream"),
    fact("last mode", call.mode || "none"), fact("turns", call.turns.length),
    times.length ? fact("voice to voice", `${times[Math.ceil(times.length / 2) - 1]} ms, at most ${times[times.length - 1]} ms`) : null,
    fact("longest silence", `${(call.longest_silence_ms / 1000).toFixed(1)} s`),
    fact("interruptions", `${call.interruptions}${call.resumed ? ` and ${call.resumed} that were none` : ""}`),
    call.trace ? fact("trace", call.trace) : null,
    make("span", { title: run.digest }, "digest ", make("b", { class: "mono" }, run.digest.slice(0, 12) || "none")));
}

function below(call, spans, violations) {
  const holder = make("div", { class: "below" }), tabs = make("div", { class: "tabs", role: "tablist", "aria-label": "Of this call" });
  const views = { Conversation: () => conversation(call) };
  if (spans.length) views.Events = () => events(spans, violations);
  const show = (name) => {
    [...tabs.children].forEach((tab) => tab.setAttribute("aria-selected", tab.textContent === name));
    holder.replaceChildren(views[name]());
  };
  for (const name of Object.keys(views)) tabs.append(make("button", { type: "button", role: "tab", onclick: () => show(name) }, name));
  show("Conversation");
  return make("div", {}, tabs, holder);
}

function conversation(call) {
  if (!call.turns.length) return make("p", { class: "gone" }, "The model was never asked.");
  const longest = Math.max(1, ...call.turns.map((turn) => turn.voice_to_voice_ms || 0)), used = new Set();
  const said = (text, nothing) => make("td", {}, text || make("span", { class: "nothing" }, nothing));
  const rows = call.turns.map((turn) => {
    const wait = make("td", { class: "wait" }, turn.voice_to_voice_ms === null ? "–" : `${whole(turn.voice_to_voice_ms)} ms`);
    if (turn.voice_to_voice_ms !== null) wait.append(parts(turn, longest, used));
    return make("tr", {}, make("td", {}, String(turn.number)), said(turn.caller, "nothing"), said(turn.agent, "nothing was heard"), wait);
  });
  const key = make("div", { class: "key" }, ...[...used].map((name) => make("span", {}, make("i", { class: name }), name.replace("_", " "))));
  const head = ["", "caller, as the agent understood", "agent, as far as it was heard", "voice to voice"].map((name) => make("th", {}, name));
  return make("div", {}, make("table", { class: "turns" }, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows)), key);
}

function parts(turn, longest, used) {
  const svg = draw("svg", { class: "parts", viewBox: `0 0 ${longest} 10`, preserveAspectRatio: "none" });
  let at = 0;
  for (const [part, ms] of Object.entries(turn.parts_ms)) {
    if (ms <= 0) continue;
    const name = part.replace(/_ms$/, "");
    used.add(name);
    svg.append(draw("rect", { class: name, x: at, y: 0, width: ms, height: 10 }, draw("title", {}, `${name.replace("_", " ")}: ${ms} ms`)));
    at += ms;
  }
  return svg;
}

function events(spans, violations) {
  const rows = spans.map(([lane, from, to, kind, text]) => ({ from, to, lane: LANE_NAMES[lane] || lane, kind, text, tone: "" }));
  for (const one of violations) rows.push({ from: one.at_ms, to: one.at_ms, lane: "violated", kind: one.checker, text: one.what, tone: "violation", number: one.number });
  rows.sort((one, other) => one.from - other.from);
  const body = make("tbody", {}, ...rows.map((one) => make("tr", { class: one.tone, onclick: () => timeline && timeline.goTo(one.from, one.number ?? null) },
    make("td", {}, seconds(one.from)), make("td", {}, one.to > one.from ? seconds(one.to - one.from) : ""),
    make("td", {}, one.kind && one.kind !== one.text ? `${one.lane} · ${one.kind}` : one.lane), make("td", {}, one.text))));
  return make("div", { class: "events", tabindex: "0" }, make("table", {}, body));
}
