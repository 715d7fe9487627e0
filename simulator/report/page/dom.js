
"use strict";
// Everything shown comes through text nodes and attributes that cannot run: texts from scripts and traces are only data.

const DATA = JSON.parse(document.getElementById("data").textContent);
const FAILURES = new Set(["failed", "xpassed", "wrong", "broken"]);
const TONES = { passed: "good", xfailed: "warn", xpassed: "odd", failed: "bad", wrong: "bad", broken: "bad" };
const SVG = "http://www.w3.org/2000/svg";

const byId = (id) => document.getElementById(id);

function fill(element, options, children) {
  for (const [name, value] of Object.entries(options)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function make(tag, options = {}, ...children) {
  return fill(document.createElement(tag), options, children);
}

function draw(tag, options = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), options, children);
}

const seconds = (ms) => `${(ms / 1000).toFixed(3)} s`;
const whole = (number) => number.toLocaleString("en");
const many = (count, what) => `${whole(count)} ${what}${count === 1 ? "" : "s"}`;

function lasting(ms) {
  const s = Math.round(ms / 1000);
  if (s < 120) return `${s} s`;
  if (s < 7200) return `${Math.round(s / 60)} min`;
  return `${(s / 3600).toFixed(1)} h`;
}

const EXPLAINED = {
  passed: "held", xfailed: "failed, as its script says it must for now", failed: "failed",
  xpassed: "holds now, although marked as expected to fail", wrong: "the script itself is wrong", broken: "could not be brought to its end",
};
