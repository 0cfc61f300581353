// The page: draw or drop, classes at once, and a look inside when the hand rests.
import { say, language, number, time } from "./words.js";
import { Pad } from "./draw.js";
import { show } from "./look.js";

const $ = id => document.getElementById(id);
let models = [], model = null, photo = null, last = null, token = "";
let wanted = 0; // counts changes: answers to older ones are dropped
let busy = false, again = false, resting = null;

const pad = new Pad($("pad"), () => { photo = null; changed(); });

// ask is a request to the server; what it refuses is an error with its words.
async function ask(path, body) {
  const headers = token ? { Authorization: "Bearer " + token } : {};
  let res;
  try {
    res = await fetch(path, body ? { method: "POST", body, headers } : { headers });
  } catch (e) {
    throw new Error(say("failed", { x: e.message }));
  }
  if (res.status === 401) $("token").hidden = false;
  if (!res.ok) throw new Error((await res.json().catch(() => ({}))).error ?? res.statusText);
  return res.json();
}

function complain(e) {
  $("error").textContent = e ? e.message : "";
  $("error").hidden = !e;
}

// picture is what is to be looked at: the photo, or the drawing.
async function picture() {
  if (photo) return photo;
  if (pad.empty) return null;
  return pad.digit();
}

// changed asks for classes at once, one request at a time, and for a look inside when nothing has changed for a moment.
async function changed() {
  wanted++;
  clearTimeout(resting);
  resting = setTimeout(inside, 350);
  if (busy) { again = true; return; }
  busy = true;
  do {
    again = false;
    await classify();
  } while (again);
  busy = false;
}

async function classify() {
  const now = wanted;
  try {
    const data = await picture();
    if (!data || !model) { nothing(); return; }
    const seen = await ask("/page/see?model=" + encodeURIComponent(model.name), data);
    if (now === wanted || !photo && !pad.empty) { last = seen; bars(); } // of a drawing, older answers will do until the next
    complain(null);
  } catch (e) {
    last = null;
    nothing();
    complain(e);
  }
}

function nothing() {
  last = null;
  $("bars").replaceChildren();
  $("verdict").textContent = say("nothing");
  $("took").textContent = "";
  $("inside").hidden = true;
}

function bars() {
  if (!last) return;
  const share = p => number(100 * p, 1) + " %";
  if (!last.classes) {
    $("bars").replaceChildren();
    $("verdict").textContent = say("noClasses");
  } else {
    const list = model.samples ? last.classes.toSorted((a, b) => a.index - b.index) : last.classes;
    $("bars").className = list.some(c => c.label.length > 3) ? "long" : "";
    $("bars").replaceChildren(...list.map(c => {
      const li = document.createElement("li");
      li.innerHTML = '<span class="name"></span><span class="track"><span class="fill"></span></span><span class="share"></span>';
      li.querySelector(".name").textContent = c.label;
      li.querySelector(".fill").style.width = 100 * c.probability + "%";
      li.querySelector(".share").textContent = share(c.probability);
      return li;
    }));
    const best = last.classes[0];
    $("verdict").textContent = say("verdict", { label: best.label, share: share(best.probability) });
  }
  $("took").textContent = say("took", { ms: number(last.ms, 1), batch: number(last.batch) });
}

let seenInside = null;
async function inside() {
  const now = wanted;
  try {
    const data = await picture();
    if (!data || !model) return;
    const look = await ask("/page/look?model=" + encodeURIComponent(model.name), data);
    if (now !== wanted) return;
    seenInside = look;
    play();
  } catch (e) {
    if (now === wanted) { $("inside").hidden = true; complain(e); }
  }
}

function play() {
  if (!seenInside) return;
  $("clock").textContent = seenInside.clock ? say("clock", { us: time(seenInside.us), device: seenInside.device }) : say("noClock");
  $("inside").hidden = false;
  show(seenInside, $("stages"));
}

// take looks at a file.
async function take(file) {
  photo = file;
  try {
    const shown = await createImageBitmap(file);
    pad.show(shown);
    shown.close();
  } catch { // the server says what is wrong with it
    pad.clear();
  }
  changed();
}

function speak() {
  document.title = say("title");
  for (const e of document.querySelectorAll("[data-t]")) e.textContent = say(e.dataset.t);
  $("pad").setAttribute("aria-label", say("pad"));
  $("lang").textContent = say("other");
  $("lang").setAttribute("aria-label", say("otherLabel"));
  $("lang").lang = language() === "zh" ? "en" : "zh";
  samples();
  bars();
  if (!$("inside").hidden) play();
}

function samples() {
  $("samples-box").hidden = !model?.samples;
  $("samples").replaceChildren(...(model?.samples ?? []).filter((_, i) => i % 2 === 0).map(name => {
    const b = document.createElement("button"), m = document.createElement("img");
    b.type = "button";
    m.alt = say("sample", { x: name[0] });
    source(m, "/page/samples/" + name);
    b.append(m);
    b.addEventListener("click", async () => {
      try {
        await take(await fetchBlob("/page/samples/" + name));
      } catch (e) { complain(e); }
    });
    return b;
  }));
}

async function fetchBlob(path) {
  const res = await fetch(path, { headers: token ? { Authorization: "Bearer " + token } : {} });
  if (!res.ok) throw new Error(res.statusText);
  return res.blob();
}

// source gives an image its data: with the token where there is one, which an address can't carry.
async function source(image, path) {
  if (!token) { image.src = path; return; }
  const blob = await fetchBlob(path).catch(() => null);
  if (blob) { image.src = URL.createObjectURL(blob); image.onload = () => URL.revokeObjectURL(image.src); }
}

// drop forgets the picture, and what is still being asked about it.
function drop() {
  pad.clear();
  photo = null;
  wanted++;
  clearTimeout(resting);
  nothing();
}

function choose(name) {
  model = models.find(m => m.name === name) ?? null;
  const drawn = model?.photos && model.channels === 1;
  $("pad").tabIndex = drawn ? 0 : -1;
  $("pad-help").hidden = $("clear").hidden = !drawn;
  $("pad").style.pointerEvents = drawn ? "" : "none";
  drop();
  complain(model && !model.photos ? new Error(say("notPhotos")) : null);
  samples();
}

async function start() {
  speak();
  try {
    do {
      models = await ask("/page/models");
      if (!models.length) { $("verdict").textContent = say("ready"); await new Promise(done => setTimeout(done, 500)); }
    } while (!models.length);
    $("token").hidden = true;
    $("model").replaceChildren(...models.map(m => new Option(m.name, m.name)));
    $("pick").hidden = models.length < 2;
    complain(null);
    choose(models[0].name);
  } catch (e) { complain(e); }
}

$("clear").addEventListener("click", () => { drop(); complain(null); });
$("file").addEventListener("change", e => { if (e.target.files[0]) take(e.target.files[0]); e.target.value = ""; });
$("model").addEventListener("change", e => choose(e.target.value));
$("replay").addEventListener("click", play);
$("token").addEventListener("submit", e => { e.preventDefault(); token = $("token-text").value.trim(); start(); });
$("lang").addEventListener("click", () => { document.documentElement.lang = language() === "zh" ? "en" : "zh"; speak(); });
for (const kind of ["dragover", "dragenter"]) addEventListener(kind, e => { e.preventDefault(); document.body.classList.add("dragging"); });
for (const kind of ["dragleave", "drop"]) addEventListener(kind, () => document.body.classList.remove("dragging"));
addEventListener("drop", e => {
  e.preventDefault();
  const file = e.dataTransfer.files[0];
  if (file) take(file); else complain(new Error(say("empty")));
});
start();
