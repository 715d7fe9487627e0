
// The summary: how many held, how long answers took, a line for each script.

function showOverview() {
  byId("note").textContent = DATA.note;
  byId("overview").append(verdictCard(), latencyCard());
  showScripts();
}

function verdictCard() {
  const counts = DATA.counts;
  const failed = [...FAILURES].reduce((sum, status) => sum + counts[status], 0);
  const verdict = failed ? `${whole(failed)} of ${many(counts.runs, "run")} failed` : `All ${many(counts.runs, "run")} held`;
  const shown = Object.keys(TONES).filter((status) => counts[status]);
  const share = make("div", { class: "share", "aria-hidden": "true" });
  for (const status of shown) {
    const part = make("i", { class: status, title: `${status}: ${counts[status]}` });
    part.style.flexGrow = counts[status];
    share.append(part);
  }
  const tiles = make("dl", { class: "tiles" });
  const tile = (name, value, options = {}) =>
    tiles.append(make("div", {}, make("dt", {}, name), make("dd", options, value)));
  for (const status of shown) tile(status, whole(counts[status]), { class: TONES[status], title: EXPLAINED[status] });
  tile("calls", whole(DATA.calls));
  tile("interruptions", whole(DATA.interruptions));
  tile("longest silence", seconds(DATA.longest_silence_ms).replace(/\d\d s$/, " s"));
  tile("simulated", `${lasting(DATA.simulated_ms)}`, { title: `in ${DATA.wall_s} s` });
  tile("real time", `× ${whole(DATA.realtime_factor)}`);
  tile("digest", DATA.digest.slice(0, 12), { class: "mono", title: DATA.digest });
  const left = DATA.is_interrupted ? make("p", { class: "warn" }, "Interrupted: not all that was asked for ran.") : null;
  return make("div", { class: "card" }, make("p", { class: `verdict ${failed ? "bad" : "good"}` }, verdict), left, share, tiles);
}

function latencyCard() {
  const figures = DATA.voice_to_voice_ms;
  const card = make("div", { class: "card latency" },
    make("h2", {}, "Voice to voice", make("small", {}, figures.count ? many(figures.count, "answer") : "no answer was heard")));
  if (!figures.count) return card;
  const table = make("table");
  for (const name of ["p50", "p90", "p95", "p99", "max"]) {
    const tone = name === "p50" ? "mark50" : name === "p95" ? "mark95" : "";
    table.append(make("tr", {}, make("td", { class: tone }, name), make("td", {}, `${whole(figures[name])} ms`)));
  }
  card.append(histogram(figures), table);
  return card;
}

function histogram(figures) {
  const { width_ms: width, counts } = DATA.histogram;
  const wide = 560, high = 118, base = 98, top = Math.max(...counts);
  const first = counts.findIndex((count) => count), from = Math.max(0, first - 1);
  const bins = Math.max(12, counts.length + 1 - from), step = wide / bins;
  const x = (ms) => (ms / width - from) * step;
  const svg = draw("svg", { class: "histogram", viewBox: `0 0 ${wide} ${high}`, role: "img",
    "aria-label": `Histogram of ${figures.count} latencies` });
  counts.forEach((count, bin) => {
    if (!count) return;
    const tall = Math.max(2, (count / top) * (base - 16));
    const label = `${bin * width} to ${(bin + 1) * width} ms: ${count}`;
    svg.append(draw("rect", { class: "bar", x: x(bin * width) + 1, y: base - tall, width: Math.max(1, step - 2), height: tall, rx: 2 },
      draw("title", {}, label)));
  });
  svg.append(draw("line", { class: "base", x1: 0, x2: wide, y1: base, y2: base }));
  const every = Math.ceil(bins / 6);
  for (let bin = 0; bin <= bins; bin += every)
    svg.append(draw("text", { x: bin * step, y: high - 5, "text-anchor": bin ? (bin * step > wide - 20 ? "end" : "middle") : "start" },
      `${whole((bin + from) * width)}${bin ? "" : " ms"}`));
  for (const name of ["p50", "p95"]) {
    const at = x(figures[name]);
    svg.append(draw("line", { class: name, x1: at, x2: at, y1: 12, y2: base }), draw("text", { x: at, y: 9, "text-anchor": "middle" }, name));
  }
  return svg;
}

function showScripts() {
  const holder = byId("scripts");
  holder.querySelector("summary").textContent = `${many(DATA.scripts.length, "script")} in figures`;
  const names = ["script", "", "runs", "passed", "failed", "xfailed", "p50 ms", "p95 ms", "interruptions", "longest silence"];
  const body = make("tbody");
  for (const one of DATA.scripts) {
    const failed = [...FAILURES].reduce((sum, status) => sum + one.counts[status], 0);
    const cell = (value, tone = "") => make("td", { class: value ? tone : "soft" }, value ? String(value) : "–");
    const times = one.voice_to_voice_ms;
    body.append(make("tr", { onclick: () => chooseScript(one.script) },
      make("td", { class: failed ? "bad" : "" }, one.script), make("td", {}, one.about),
      cell(one.counts.runs), cell(one.counts.passed, "good"), cell(failed, "bad"), cell(one.counts.xfailed, "warn"),
      cell(times.p50), cell(times.p95), cell(one.interruptions), make("td", {}, `${(one.longest_silence_ms / 1000).toFixed(1)} s`)));
  }
  holder.querySelector(".scroll").append(make("table", { class: "figures" },
    make("thead", {}, make("tr", {}, ...names.map((name) => make("th", {}, name)))), body));
}
