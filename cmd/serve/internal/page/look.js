// What the network sees: stages, waves, steps, and the channels of each part.
import { say, operator, number, time } from "./words.js";

// stops are colours of growing lightness, from dark blue over green to yellow.
const stops = [[20, 16, 60], [42, 62, 124], [36, 118, 134], [66, 168, 112], [170, 208, 70], [250, 236, 120]];
const flat = [120, 124, 132];

function colour(v) {
  if (v === 0) return flat;
  const at = (v - 1) / 254 * (stops.length - 1), i = Math.min(Math.floor(at), stops.length - 2);
  return stops[i].map((c, k) => c + (stops[i + 1][k] - c) * (at - i));
}
const palette = Array.from({ length: 256 }, (_, v) => colour(v));

function element(name, properties = {}, ...children) {
  const e = Object.assign(document.createElement(name), properties);
  e.append(...children);
  return e;
}

// mosaic draws channels side by side.
function mosaic(maps, op) {
  const pixels = Uint8Array.from(atob(maps.pixels), c => c.charCodeAt(0));
  const { shown, shownH: h, shownW: w } = maps;
  const numbers = h * w === 1;
  const across = numbers ? shown : Math.max(1, Math.min(shown, Math.round(Math.sqrt(shown * 2)))), down = Math.ceil(shown / across);
  const zoom = numbers ? 14 : Math.max(1, Math.round(40 / Math.max(h, w))), gap = 2;
  const canvas = element("canvas", { className: "maps", width: across * (w * zoom + gap) - gap, height: down * (h * zoom + gap) - gap });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", say("mapsLabel", { op, shown, channels: maps.channels, h: maps.h, w: maps.w, flat: maps.flat }));
  const pen = canvas.getContext("2d");
  for (let c = 0; c < shown; c++) {
    const tile = pen.createImageData(w * zoom, h * zoom);
    for (let y = 0; y < h * zoom; y++) {
      for (let x = 0; x < w * zoom; x++) {
        const [r, g, b] = palette[pixels[(c * h + Math.floor(y / zoom)) * w + Math.floor(x / zoom)]];
        tile.data.set([r, g, b, 255], 4 * (y * w * zoom + x));
      }
    }
    pen.putImageData(tile, c % across * (w * zoom + gap), Math.floor(c / across) * (h * zoom + gap));
  }
  return canvas;
}

function part(p) {
  const op = operator(p.op), m = p.maps;
  const e = element("div", { className: "part" });
  if (p.branch >= 0) e.style.setProperty("--b", `var(--b${p.branch % 6})`);
  let counts = say("channels", { in: p.in, out: m.channels }) + " · " + say("ofSize", { h: m.h, w: m.w });
  if (m.shown < m.channels) counts += say("some", { n: m.shown });
  if (m.flat > 0) counts += say("flat", { n: m.flat });
  e.append(element("p", {}, element("span", { className: p.op === "1×1" ? "op one" : "op", textContent: op }), " " + counts), mosaic(m, op));
  return e;
}

function step(s, clock) {
  const e = element("div", { className: s.parts.length > 1 ? "step merged" : "step", title: s.kernel });
  const about = [];
  if (s.parts.length > 1) about.push(say("merged", { n: s.parts.length }));
  if (clock) about.push(time(s.us));
  if (about.length) e.append(element("p", { className: "note", textContent: about.join(" · ") }));
  e.append(...s.parts.map(part));
  return e;
}

// show fills the section. Waves come one after the other, each after a time that its own on the GPU tells.
export function show(look, into) {
  const all = [];
  let at = 0;
  for (const stage of look.stages) {
    const e = element("section", { className: "stage" });
    const us = stage.waves.reduce((sum, w) => sum + w.us, 0);
    e.append(element("div", { className: "spread" }, element("h3", { textContent: stage.module ? say("module", { name: stage.name }) : stage.name }),
      element("span", { className: "time", textContent: look.clock ? time(us) : "" })));
    if (stage.branches) {
      const legend = element("ul", { className: "legend" });
      stage.branches.forEach((b, i) => {
        const li = element("li", { textContent: b.How.split(" › ").map(operator).join(" › ") + " · " + number(b.Channels) });
        li.style.setProperty("--b", `var(--b${i % 6})`);
        legend.append(li);
      });
      e.append(legend);
    }
    const waves = element("div", { className: "waves" });
    waves.style.setProperty("--n", Math.max(stage.waves.length, 1));
    for (const w of stage.waves) {
      const one = element("div", { className: "wave arrived" });
      one.style.setProperty("--at", Math.round(at));
      at += 120 + (look.us > 0 ? 2500 * w.us / look.us : 0);
      one.append(element("div", { className: "spread" }, element("h4", { textContent: say("wave", { n: w.n }) }),
        element("span", { className: "time", textContent: look.clock ? time(w.us) : "" })), ...w.steps.map(s => step(s, look.clock)));
      waves.append(one);
    }
    e.append(waves);
    all.push(e);
  }
  into.replaceChildren(...all);
}
