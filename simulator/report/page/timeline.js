
// The timeline of one call: lanes over time, with zoom, pan, a cursor and the violations in their place.

const GUTTER = 66, AXIS = 24, FLAGS = 18, ROW = 22, PAD = 6, SHORTEST = 200, CLOSE_UP = 12000;
const LANES = ["caller", "heard", "mode", "words", "tool", "fault"];
const LABELS = { caller: "caller", heard: "heard", mode: "mode", words: "words", tool: "tools", fault: "faults" };
const pen = document.createElement("canvas").getContext("2d");

function cut(text, room, keepsEnd = false) {
  if (room < 14) return "";
  pen.font = "12px system-ui, sans-serif";
  const wide = pen.measureText(text).width;
  if (wide <= room) return text;
  const kept = Math.floor(text.length * (room - 9) / wide);
  if (kept < 2) return "";
  return keepsEnd ? `…${text.slice(-kept).trimStart()}` : `${text.slice(0, kept).trimEnd()}…`;
}

function tickStep(span, width) {
  const least = span / Math.max(2, width / 90);
  for (let scale = 1; ; scale *= 10) for (const one of [1, 2, 5]) if (one * scale >= least) return one * scale;
}

class Timeline {
  constructor(spans, duration, violations, onViolation) {
    this.spans = spans.map(([lane, from, to, kind, text]) => ({ lane, from, to, kind, text }));
    this.length = Math.max(duration, 1000, ...this.spans.map((span) => span.to), ...violations.map((one) => one.at_ms));
    this.duration = duration;
    this.violations = violations.slice().sort((one, other) => one.at_ms - other.at_ms);
    this.onViolation = onViolation;
    this.chosen = null;
    this.pinned = null;
    this.from = 0;
    this.span = this.length;
    this.layOut();
    this.build();
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.stage);
  }

  close() {
    this.observer.disconnect();
    hideTip();
  }

  layOut() {
    this.lanes = [];
    let top = AXIS + (this.violations.length ? FLAGS : 0);
    for (const name of LANES) {
      const spans = this.spans.filter((span) => span.lane === name).sort((one, other) => one.from - other.from);
      const ends = [];
      for (const span of spans) {
        if (name === "words") span.row = span.kind === "final" ? 1 : 0;
        else if (name === "fault") span.row = span.kind === "noticed" ? 1 : 0;
        else {
          let row = ends.findIndex((end) => end <= span.from);
          if (row < 0) row = Math.min(ends.length, 4);
          ends[row] = span.to;
          span.row = row;
        }
      }
      const rows = Math.max(1, ...spans.map((span) => span.row + 1));
      for (let row = 0; row < rows; row++) {
        const mates = spans.filter((span) => span.row === row);
        mates.forEach((span, index) => { span.next = index + 1 < mates.length ? mates[index + 1].from : Infinity; });
        if (name === "words" && row === 0) for (const span of mates) {
          const final = spans.find((one) => one.row === 1 && one.from >= span.from);
          if (final) span.next = Math.min(span.next, final.from);
        }
      }
      const high = rows * ROW + 2 * PAD;
      this.lanes.push({ name, top, high, spans });
      top += high;
    }
    this.height = top + 2;
  }

  // --- elements and what people do with them -----------------------------------------------------------------

  build() {
    const button = (text, title, act) => make("button", { type: "button", title, "aria-label": title, onclick: act }, text);
    this.output = make("output", {}, "");
    const found = this.violations.length ? [
      button("◂ violation", "Previous violation (p)", () => this.toViolation(-1)),
      button("violation ▸", "Next violation (n)", () => this.toViolation(1))] : [];
    const tools = make("div", { class: "tools" },
      button("+", "Zoom in (+)", () => this.zoom(0.5)), button("−", "Zoom out (−)", () => this.zoom(2)),
      button("←", "Earlier (←)", () => this.pan(-0.4)), button("→", "Later (→)", () => this.pan(0.4)),
      button("whole call", "Show the whole call (0)", () => this.fit()), ...found, this.output);
    this.svg = draw("svg", { class: "lanes", height: this.height, role: "img", "aria-label": "Timeline; the tab Events has the same as text" });
    this.map = draw("svg", { class: "map", height: 26 });
    this.stage = make("div", { class: "stage", tabindex: "0", "aria-label": "Timeline: arrows pan, plus and minus zoom, 0 shows all, n and p go to violations" }, this.svg, this.map);
    this.element = make("div", { class: "timeline" }, tools, this.stage, this.legend());
    this.stage.addEventListener("keydown", (event) => this.onKey(event));
    this.svg.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
    this.svg.addEventListener("pointerdown", (event) => this.onDown(event));
    this.svg.addEventListener("pointermove", (event) => this.onMove(event));
    this.svg.addEventListener("pointerleave", () => { hideTip(); this.showCursor(this.pinned); });
    this.map.addEventListener("pointerdown", (event) => this.onMap(event));
    this.map.addEventListener("pointermove", (event) => { if (event.buttons) this.onMap(event); });
  }

  legend() {
    const kinds = new Set(this.spans.map((span) => span.lane === "mode" ? span.text : span.kind || span.lane));
    const lanes = new Set(this.spans.map((span) => span.lane));
    const entry = (name, text) => make("span", {}, make("i", { class: name }), text);
    const sounds = this.spans.some((span) => span.lane === "caller" && !SPOKEN.has(span.kind));
    return make("div", { class: "legend" },
      lanes.has("caller") ? entry("caller", "caller speaks") : null, sounds ? entry("sound", "other sound of theirs") : null,
      lanes.has("heard") ? entry("heard", "what the caller heard of the agent") : null,
      kinds.has("interim") ? entry("interim", "interim words") : null, kinds.has("final") ? entry("words", "final words") : null,
      lanes.has("tool") ? entry("tool", "tool") : null,
      kinds.has("struck") ? entry("struck", "fault strikes") : null, kinds.has("noticed") ? entry("noticed", "fault noticed by the agent") : null,
      this.violations.length ? entry("bad", "violation") : null, make("span", {}, "wheel zooms, drag pans"));
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const acts = { ArrowLeft: () => this.pan(-0.15), ArrowRight: () => this.pan(0.15), "+": () => this.zoom(0.7), "=": () => this.zoom(0.7),
      "-": () => this.zoom(1.4), 0: () => this.fit(), n: () => this.toViolation(1), p: () => this.toViolation(-1),
      Home: () => this.show(0, this.span), End: () => this.show(this.length, this.span) };
    if (acts[event.key]) { event.preventDefault(); acts[event.key](); }
  }

  onWheel(event) {
    const sideways = event.shiftKey ? event.deltaY || event.deltaX : Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : 0;
    if (!sideways && event.deltaY > 0 && this.span >= this.length) return; // nothing left to zoom out of: the page scrolls
    event.preventDefault();
    if (sideways) this.show(this.from + sideways / this.width * this.span, this.span);
    else this.zoom(Math.exp(Math.max(-120, Math.min(120, event.deltaY)) * 0.004), this.instant(event));
  }

  onDown(event) {
    if (event.button) return;
    this.stage.focus({ preventScroll: true });
    event.preventDefault();
    const flag = event.target.closest(".violation");
    const began = { x: event.clientX, from: this.from, moved: false };
    const move = (later) => {
      const by = later.clientX - began.x;
      if (!began.moved && Math.abs(by) < 4) return;
      began.moved = true;
      this.svg.classList.add("dragged");
      this.show(began.from - by / this.width * this.span, this.span);
    };
    const up = (later) => {
      this.svg.classList.remove("dragged");
      for (const [name, listener] of [["pointermove", move], ["pointerup", up], ["pointercancel", up]]) window.removeEventListener(name, listener);
      if (began.moved || later.type === "pointercancel") return;
      if (flag) this.goTo(this.violations[flag.dataset.place].at_ms, this.violations[flag.dataset.place].number);
      else { this.pinned = this.instant(event); this.choose(null); this.showCursor(this.pinned); }
    };
    for (const [name, listener] of [["pointermove", move], ["pointerup", up], ["pointercancel", up]]) window.addEventListener(name, listener);
  }

  onMove(event) {
    if (event.buttons) { hideTip(); return; }
    this.showCursor(this.instant(event));
    const flag = event.target.closest(".violation");
    if (flag) {
      const one = this.violations[flag.dataset.place];
      const more = flag.dataset.count - 1;
      showTip(event, `${seconds(one.at_ms)} · ${one.checker}`, one.what + (more ? `\n… and ${more} more close to it: zoom in` : ""));
    } else if (event.target.span) {
      const { lane, from, to, kind, text } = event.target.span;
      const what = [LABELS[lane], kind && kind !== text ? kind : ""].filter(Boolean).join(" · ");
      showTip(event, `${what} · ${to > from ? `${seconds(from)} to ${seconds(to)}, ${whole(to - from)} ms` : seconds(from)}`, text);
    } else hideTip();
  }

  onMap(event) {
    const box = this.map.getBoundingClientRect();
    const at = (event.clientX - box.left - GUTTER) / this.width * this.length;
    this.show(at - this.span / 2, this.span);
  }

  // --- where it looks ----------------------------------------------------------------------------------------

  x(ms) { return GUTTER + (ms - this.from) / this.span * this.width; }

  instant(event) {
    const at = this.from + (event.clientX - this.svg.getBoundingClientRect().left - GUTTER) / this.width * this.span;
    return Math.round(Math.max(0, Math.min(this.length, at)));
  }

  show(from, span) {
    this.span = Math.max(Math.min(SHORTEST, this.length), Math.min(this.length, span));
    this.from = Math.max(0, Math.min(this.length - this.span, from));
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => { this.frame = null; this.draw(); });
  }

  zoom(factor, around = null) {
    const inView = this.pinned !== null && this.pinned >= this.from && this.pinned <= this.from + this.span;
    const at = around ?? (inView ? this.pinned : this.from + this.span / 2);
    const span = Math.max(SHORTEST, Math.min(this.length, this.span * factor));
    this.show(at - (at - this.from) / this.span * span, span);
  }

  pan(share) { this.show(this.from + share * this.span, this.span); }

  fit() { this.show(0, this.length); }

  goTo(at, number) {
    const span = Math.min(this.span, CLOSE_UP);
    this.pinned = at;
    this.choose(number);
    this.show(span === this.span && at > this.from && at < this.from + span ? this.from : at - span / 2, span);
    this.stage.scrollIntoView({ block: "nearest" });
  }

  choose(number) {
    this.chosen = number;
    this.onViolation(number);
    this.show(this.from, this.span);
  }

  toViolation(by) {
    if (!this.violations.length) return;
    const now = this.violations.findIndex((one) => one.number === this.chosen);
    const next = now < 0 ? (by > 0 ? 0 : this.violations.length - 1) : (now + by + this.violations.length) % this.violations.length;
    this.goTo(this.violations[next].at_ms, this.violations[next].number);
  }

  // --- drawing -----------------------------------------------------------------------------------------------

  draw() {
    const box = this.stage.clientWidth;
    if (!box) return;
    this.width = box - GUTTER - 8;
    this.right = GUTTER + this.width;
    const content = draw("g");
    this.drawGrid(content);
    for (const lane of this.lanes) this.drawLane(lane, content);
    if (this.duration < this.length) content.append(draw("line", { class: "end", x1: this.x(this.duration), x2: this.x(this.duration), y1: AXIS, y2: this.height }));
    this.drawViolations(content);
    const gutter = draw("g", {}, draw("rect", { class: "gutter", x: 0, y: 0, width: GUTTER - 4, height: this.height }),
      ...this.lanes.map((lane) => draw("text", { class: "name", x: 12, y: lane.top + lane.high / 2 + 4 }, LABELS[lane.name])));
    this.cursor = draw("g");
    this.svg.replaceChildren(content, gutter, this.cursor);
    this.showCursor(this.pinned);
    this.drawMap();
  }

  drawGrid(content) {
    this.lanes.forEach((lane, index) => content.append(
      draw("rect", { class: `lane ${index % 2 ? "" : "even"}`, x: GUTTER - 4, y: lane.top, width: this.width + 12, height: lane.high })));
    const every = tickStep(this.span, this.width), digits = every >= 1000 ? 0 : every >= 100 ? 1 : every >= 10 ? 2 : 3;
    for (let at = Math.ceil(this.from / every) * every; at <= this.from + this.span; at += every) {
      const x = this.x(at);
      content.append(draw("line", { class: "grid", x1: x, x2: x, y1: AXIS - 4, y2: this.height }),
        draw("text", { class: "tick", x: x + 4, y: AXIS - 9 }, `${(at / 1000).toFixed(digits)} s`));
    }
  }

  drawLane(lane, content) {
    const until = this.from + this.span, last = {};
    for (const span of lane.spans) {
      if (span.from > until) break;
      const isInstant = span.to <= span.from;
      const visible = isInstant ? span.next > this.from : span.to >= this.from;
      if (!visible) continue;
      const y = lane.top + PAD + span.row * ROW;
      if (isInstant) this.drawInstant(span, y, content, last);
      else this.drawBlock(span, y, content);
    }
  }

  drawBlock(span, y, content) {
    const left = Math.max(GUTTER - 4, this.x(span.from)), right = Math.min(this.right + 8, this.x(span.to));
    const [look, ink] = looks(span);
    const wide = Math.max(1.5, right - left);
    this.put(content, span, draw("rect", { class: `span ${look}`, x: left, y: y + 1, width: wide, height: ROW - 3, rx: span.lane === "mode" ? 0 : 4 }));
    const label = cut(span.text, right - Math.max(left, GUTTER) - 10);
    if (label) content.append(draw("text", { class: ink, x: Math.max(left, GUTTER) + 6, y: y + 15 }, label));
  }

  drawInstant(span, y, content, last) {
    const x = this.x(span.from), [look, ink] = looks(span);
    const room = Math.min(this.x(span.next), this.right + 8) - Math.max(x, GUTTER);
    if (x < GUTTER - 4 && room < 30) return;
    if (span.lane === "fault") {
      this.put(content, span, draw("path", { class: `span ${look}`, d: `M${x} ${y + 4}l6 6 -6 6 -6 -6z` }));
      const label = cut(span.text, room - 16);
      if (label && x > GUTTER - 4) content.append(draw("text", { class: ink, x: x + 10, y: y + 15 }, label));
      return;
    }
    const key = `${span.lane}${span.row}`, tooClose = last[key] !== undefined && x - last[key] < 2;
    if (tooClose) return;
    last[key] = x;
    const isThin = span.kind === "interim"; // of interim words the last ones are new
    const label = cut(span.text, room - 12, isThin), shown = Math.max(x, GUTTER);
    if (label) {
      this.put(content, span, draw("rect", { class: "behind", x: shown, y, width: room - 4, height: ROW - 1 }));
      content.append(draw("text", { class: ink, x: shown + 7, y: y + 15 }, label));
    }
    if (x >= GUTTER - 4)
      this.put(content, span, draw("rect", { class: `span instant ${look}`, x: x - 0.5, y: y + (isThin ? 3 : 1), width: isThin ? 2 : 3.5, height: ROW - (isThin ? 7 : 3), rx: 1 }));
  }

  put(content, span, element) {
    element.span = span;
    content.append(element);
  }

  // Flags that would cover each other become one, with how many they are; the lines stay.
  drawViolations(content) {
    let flag = null;
    const flags = [];
    this.violations.forEach((one, place) => {
      const x = this.x(one.at_ms), isChosen = one.number === this.chosen;
      if (x < GUTTER - 4 || x > this.right + 8) return;
      if (!flag || x - flag.x > 20) flags.push(flag = { x, place, count: 0, label: String(one.number + 1), lines: [] });
      flag.count += 1;
      flag.isChosen = flag.isChosen || isChosen;
      flag.lines.push(draw("line", { class: isChosen ? "chosen" : "", x1: x, x2: x, y1: AXIS + FLAGS - 2, y2: this.height }));
    });
    for (const { x, place, count, label, lines, isChosen } of flags) {
      const text = count > 1 ? `${count}×` : label, wide = Math.max(18, text.length * 7 + 6);
      const left = Math.max(GUTTER - 4, Math.min(x - 9, this.right + 8 - wide));
      content.append(draw("g", { class: `violation ${isChosen ? "chosen" : ""}`, "data-place": place, "data-count": count }, ...lines,
        draw("rect", { x: left, y: AXIS, width: wide, height: 16, rx: 4 }),
        draw("text", { x: left + wide / 2, y: AXIS + 12, "text-anchor": "middle" }, text)));
    }
  }

  showCursor(at) {
    if (!this.cursor) return;
    this.cursor.replaceChildren();
    if (at === null) { this.output.replaceChildren(`${seconds(this.from)} to ${seconds(this.from + this.span)}`); return; }
    const x = this.x(at), label = seconds(at), wide = label.length * 6.4 + 10;
    if (x >= GUTTER - 4 && x <= this.right + 8) {
      const left = Math.max(GUTTER - 4, Math.min(x - wide / 2, this.right + 8 - wide));
      this.cursor.append(draw("line", { class: "cursor", x1: x, x2: x, y1: AXIS - 4, y2: this.height }),
        draw("rect", { class: "cursor-label", x: left, y: 2, width: wide, height: 17, rx: 4 }),
        draw("text", { class: "cursor-text", x: left + wide / 2, y: 14.5, "text-anchor": "middle" }, label));
    }
    const over = (lane) => this.lanes.find((one) => one.name === lane).spans.find((span) => span.from <= at && span.to > at);
    const mode = over("mode"), who = [over("caller") ? "caller sounds" : "", over("heard") ? "agent is heard" : ""].filter(Boolean).join(", ");
    this.output.replaceChildren(make("b", {}, label), mode ? ` · ${mode.text}` : "", ` · ${who || "silence"}`);
  }

  drawMap() {
    const x = (ms) => GUTTER + ms / this.length * this.width;
    const parts = [];
    for (const [name, y] of [["caller", 5], ["heard", 14]])
      for (const span of this.lanes.find((lane) => lane.name === name).spans)
        parts.push(draw("rect", { class: name, x: x(span.from), y, width: Math.max(1, x(span.to) - x(span.from)), height: 6, rx: 1 }));
    for (const span of this.lanes.find((lane) => lane.name === "fault").spans)
      if (span.kind === "struck") parts.push(draw("circle", { class: "strike", cx: x(span.from), cy: 12.5, r: 3 }));
    for (const one of this.violations) parts.push(draw("line", { class: "mark", x1: x(one.at_ms), x2: x(one.at_ms), y1: 2, y2: 24 }));
    const left = x(this.from), right = x(this.from + this.span);
    if (this.span < this.length)
      parts.push(draw("rect", { class: "window", x: left, y: 0, width: right - left, height: 26 }),
        draw("line", { class: "edge", x1: left, x2: left, y1: 0, y2: 26 }), draw("line", { class: "edge", x1: right, x2: right, y1: 0, y2: 26 }));
    this.map.replaceChildren(...parts);
  }
}

const SPOKEN = new Set(["say", "backchannel", "play", ""]);
const KNOWN_MODES = new Set(["CONNECTING", "LISTENING", "THINKING", "SPEAKING", "BARGE_IN", "ENDED"]);

function looks(span) {
  switch (span.lane) {
    case "caller": return [SPOKEN.has(span.kind) ? "caller" : "sound", "caller-ink"];
    case "heard": return ["heard", "heard-ink"];
    case "mode": return [`mode ${KNOWN_MODES.has(span.text) ? span.text : "ENDED"}`, "mode-ink"];
    case "words": return span.kind === "final" ? ["words", "words-ink"] : ["interim", "interim-ink"];
    case "tool": return [span.kind === "lost" ? "lost" : "tool", "tool-ink"];
    default: return [span.kind === "noticed" ? "noticed" : "struck", "fault-ink"];
  }
}

const tip = make("div", { id: "tip", hidden: true, role: "tooltip" });

function showTip(event, title, text) {
  tip.replaceChildren(make("b", {}, title), text);
  tip.hidden = false;
  const { offsetWidth: wide, offsetHeight: high } = tip;
  tip.style.left = `${Math.max(8, Math.min(event.clientX + 14, innerWidth - wide - 8))}px`;
  tip.style.top = `${event.clientY + 18 + high > innerHeight ? event.clientY - high - 12 : event.clientY + 18}px`;
}

function hideTip() { tip.hidden = true; }
