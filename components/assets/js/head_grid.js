// Draws the heatmap of heads as a grid of cells, and tells the server which one is opened.
// Everything is set as text or by the style object: nothing that comes here is read as markup.
// `data` is what components/figures/head_grid.py makes, and of this page: `selected`, the label of
// the head that is open, and `turn`, the number of the last choice that the server has heard of.
const ROOM = 6; // pixels that a number on a cell leaves free, both sides together
const PAUSE = 120; // milliseconds: who walks on through the cells opens only the last one
const UNHEARD = 10000; // milliseconds: a choice that the server has not heard of by then is lost
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

function made(tag, name, options = {}) {
  const node = document.createElement(tag);
  node.className = name;
  for (const [key, value] of Object.entries(options)) node.setAttribute(key, value);
  return node;
}

const label = (layer, head) => `L${layer}H${head}`;

// Every how many numbers of an axis are written, so that at most about 26 are.
const every = (n) => Math.max(1, Math.ceil(n / 26));

// A view of the data on one root: its parts are made once a shape, and filled at every change.
class Grid {
  constructor(root) {
    this.root = root;
    this.shape = "";
    this.turn = -1;
    this.chosen = 0;
    this.selected = null;
    this.tip = made("div", "hs-grid-tip", { "aria-hidden": "true" });
    this.sizes = new ResizeObserver(() => this.fit());
    root.addEventListener("click", (event) => this.open(this.cellOf(event.target)));
    root.addEventListener("keydown", (event) => this.press(event));
    root.addEventListener("pointermove", (event) => this.point(event));
    root.addEventListener("pointerleave", () => this.hide());
    root.addEventListener("focusin", (event) => this.focused(this.placeOf(event.target)));
    root.addEventListener("focusout", () => this.hide());
  }

  cellOf(target) {
    return target instanceof Element ? target.closest(".hs-cell") : null;
  }

  // A cell, or the bars of a whole layer, which stand where one more head would.
  placeOf(target) {
    return target instanceof Element ? target.closest(".hs-cell, .hs-grid-bars") : null;
  }

  show(data, tell) {
    this.data = data;
    this.tell = tell;
    const shape = data.shape.join();
    if (shape !== this.shape) this.build(...data.shape);
    if (this.turn < 0) this.turn = data.turn;
    // What was said before the last choice made here is known to the server is old.
    if (data.turn >= this.turn || Date.now() - this.chosen > UNHEARD) {
      this.turn = data.turn;
      this.selected = data.selected;
    }
    this.fill();
    this.shape = shape;
  }

  build(layers, heads) {
    const { root } = this;
    root.replaceChildren();
    root.style.setProperty("--heads", heads);
    root.style.setProperty("--layers", layers);
    this.table = made("div", "hs-grid-table", {
      role: "grid", "aria-rowcount": layers + 1, "aria-colcount": heads + 2,
    });
    this.axis = made("div", "hs-grid-axis", { role: "columnheader", "aria-label": "whole layer" });
    this.table.append(this.header(heads));
    this.cells = [];
    this.beside = [];
    for (let layer = 0; layer < layers; layer += 1) this.table.append(this.row(layer, heads, layers));
    this.why = made("div", "hs-grid-why");
    this.bar = made("div", "hs-grid-scale", { role: "img" });
    root.append(this.table, this.why, this.bar, this.tip);
    this.sizes.disconnect();
    this.sizes.observe(root);
  }

  header(heads) {
    const row = made("div", "hs-grid-row hs-grid-head", { role: "row" });
    const corner = made("div", "hs-grid-corner", { role: "columnheader" });
    corner.append(made("span", "hs-grid-layers"), made("span", "hs-grid-heads"));
    corner.firstChild.textContent = "layer";
    corner.lastChild.textContent = "head";
    row.append(corner);
    for (let head = 0; head < heads; head += 1) {
      const name = made("div", "hs-grid-name", { role: "columnheader" });
      if (head % every(heads) === 0) name.textContent = head;
      else name.setAttribute("aria-label", head);
      row.append(name);
    }
    row.append(this.axis);
    return row;
  }

  row(layer, heads, layers) {
    const row = made("div", "hs-grid-row", { role: "row" });
    const name = made("div", "hs-grid-name", { role: "rowheader" });
    if (layer % every(layers) === 0) name.textContent = layer;
    else name.setAttribute("aria-label", layer);
    row.append(name);
    for (let head = 0; head < heads; head += 1) {
      const cell = made("div", "hs-cell", { role: "gridcell", tabindex: -1, "data-layer": layer, "data-head": head });
      const letter = made("b", "hs-cell-letter");
      const text = made("span", "hs-cell-text");
      cell.append(letter, text);
      this.cells.push(cell);
      row.append(cell);
    }
    const bars = made("div", "hs-grid-bars", {
      role: "gridcell", tabindex: -1, "data-layer": layer, "data-head": heads,
    });
    this.beside.push(bars);
    row.append(bars);
    return row;
  }

  fill() {
    const { data } = this;
    this.table.setAttribute("aria-label", data.name);
    const [, heads] = data.shape;
    data.cells.forEach((given, at) => {
      const cell = this.cells[at];
      const [letter, text] = cell.children;
      text.textContent = given.text ?? "";
      letter.textContent = given.letter ?? "";
      cell.style.setProperty("--colour", given.colour ?? "transparent");
      cell.style.setProperty("--ink", given.ink ?? "inherit");
      cell.classList.toggle("hs-estimated", given.estimated === true);
      cell.classList.toggle("hs-weak", given.weak === true);
      cell.dataset.value = given.value ?? "";
      const name = label(Math.floor(at / heads), at % heads);
      cell.setAttribute("aria-label", given.told?.join(", ") ?? `${name}, not measured yet`);
      cell.setAttribute("aria-disabled", given.value === null);
    });
    this.fillBars();
    this.fillScale();
    this.mark();
    this.fit();
  }

  fillBars() {
    const { data } = this;
    const both = data.bars.some((bar) => bar.part === "MLP");
    this.beside.forEach((row, layer) => {
      row.replaceChildren();
      const told = data.bars.filter((bar) => bar.layer === layer).map((bar) => bar.told.join(", "));
      row.setAttribute("aria-label", told.join("; "));
    });
    for (const bar of data.bars) {
      const drawn = made("i", `hs-bar ${bar.part === "MLP" ? "mlp" : "attention"}${both ? " both" : ""}`);
      drawn.style.setProperty("--from", bar.start);
      drawn.style.setProperty("--to", bar.end);
      drawn.style.setProperty("--colour", bar.colour);
      this.beside[bar.layer].append(drawn);
    }
    this.root.style.setProperty("--zero", data.zero ?? 0);
    this.root.classList.toggle("hs-measured", data.bars.length > 0);
    const title = made("span", "hs-grid-title");
    title.textContent = "whole layer";
    this.axis.replaceChildren(title, ...data.ticks.map((tick) => this.tick(tick)));
    this.why.textContent = data.beside;
  }

  fillScale() {
    const { colours, ends, ticks, unit } = this.data.scale;
    const ramp = made("div", "hs-grid-ramp");
    ramp.style.background = `linear-gradient(to right, ${colours.join(", ")})`;
    const numbers = made("div", "hs-grid-ticks");
    numbers.append(...ticks.map((tick) => this.tick(tick)));
    const name = made("span", "hs-grid-unit");
    name.textContent = unit;
    this.bar.setAttribute("aria-label", `Colours from ${ends[0]} to ${ends[1]} ${unit}`);
    this.bar.replaceChildren(ramp, name, numbers);
  }

  tick([share, text]) {
    const tick = made("span", "hs-grid-tick");
    tick.style.setProperty("--at", share);
    tick.textContent = text;
    return tick;
  }

  // The one cell that Tab comes to: the open head's, else the one that had the focus last.
  mark() {
    const stop = this.cells.find((cell) => this.name(cell) === this.selected) ?? this.stop ?? this.cells[0];
    for (const cell of this.cells) {
      const on = this.name(cell) === this.selected;
      cell.classList.toggle("on", on);
      cell.setAttribute("aria-selected", on);
      cell.tabIndex = cell === stop ? 0 : -1;
    }
  }

  // Numbers are on the cells where all fit: one that stayed would look like the only one that matters.
  fit() {
    const { clientWidth: width, clientHeight: height } = this.cells?.[0] ?? {};
    if (!width) return;
    const longest = Math.max(...this.cells.map((cell) => cell.lastChild.textContent.length));
    const size = Math.min(Math.max(13, height / 4), height - 4, (1.6 * (width - ROOM)) / Math.max(longest, 2));
    this.root.style.setProperty("--number", `${Math.max(size, 9)}px`);
    this.root.classList.toggle("hs-narrow", size < 9);
  }

  name(cell) {
    return label(cell.dataset.layer, cell.dataset.head);
  }

  // `walks`: the reader goes on through the cells, and keeps the focus there.
  open(cell, walks = false) {
    if (!cell?.matches(".hs-cell") || cell.getAttribute("aria-disabled") === "true") return;
    this.stop = cell;
    if (this.name(cell) === this.selected) return;
    this.choose([Number(cell.dataset.layer), Number(cell.dataset.head)], walks);
  }

  choose(head, walks = false) {
    this.selected = head && label(...head);
    this.turn += 1;
    this.chosen = Date.now();
    this.mark();
    if (!walks) document.dispatchEvent(new CustomEvent("headsweep:opened", { detail: this.selected }));
    this.tell({ head, turn: this.turn });
  }

  press(event) {
    const cell = this.placeOf(event.target);
    if (!cell || event.ctrlKey || event.altKey || event.metaKey) return;
    const step = STEPS[event.key];
    if (step) {
      event.preventDefault();
      this.walk(Number(cell.dataset.layer) + step[0], Number(cell.dataset.head) + step[1]);
    } else if (event.key === "Home" || event.key === "End") {
      event.preventDefault();
      this.walk(Number(cell.dataset.layer), event.key === "Home" ? 0 : this.data.shape[1] - 1);
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.open(cell);
    } else if (event.key === "Escape" && this.selected !== null) {
      this.choose(null);
    }
  }

  // To a neighbour; while a head is open the neighbour is opened.
  walk(layer, head) {
    const [layers, heads] = this.data.shape;
    if (layer < 0 || head < 0 || layer >= layers || head > heads) return;
    clearTimeout(this.walking);
    if (head === heads) {
      this.beside[layer].focus();
      return;
    }
    const cell = this.cells[layer * heads + head];
    cell.focus();
    if (this.selected !== null) this.walking = setTimeout(() => this.open(cell, true), PAUSE);
  }

  focused(cell) {
    if (!cell) return;
    if (cell.matches(".hs-cell")) {
      this.stop = cell;
      for (const each of this.cells) each.tabIndex = each === cell ? 0 : -1;
    }
    if (cell.matches(":focus-visible")) this.say(cell, cell.getBoundingClientRect());
  }

  point(event) {
    const target = event.target instanceof Element ? event.target : null;
    const place = this.placeOf(target);
    if (!place) this.hide();
    else this.say(place, place.getBoundingClientRect(), event.clientY);
  }

  // What is told of a cell, or of the bar that is nearest to the pointer.
  toldOf(place, box, y) {
    if (place.classList.contains("hs-cell")) return this.data.cells[this.cells.indexOf(place)].told;
    const bars = this.data.bars.filter((bar) => bar.layer === Number(place.dataset.layer));
    return bars[bars.length > 1 && y > box.top + box.height / 2 ? 1 : 0]?.told;
  }

  say(place, box, y = box.top) {
    const told = this.toldOf(place, box, y);
    if (!told) {
      this.hide();
      return;
    }
    this.tip.replaceChildren(...told.map((line) => {
      const row = made("div", "");
      row.textContent = line;
      return row;
    }));
    this.tip.classList.add("on");
    const { offsetWidth: width, offsetHeight: height } = this.tip;
    const beside = box.right + 8 + width <= innerWidth ? box.right + 8 : Math.max(4, box.left - 8 - width);
    const top = Math.min(Math.max(4, box.top + box.height / 2 - height / 2), innerHeight - height - 4);
    this.tip.style.left = `${beside}px`;
    this.tip.style.top = `${top}px`;
  }

  hide() {
    this.tip.classList.remove("on");
  }
}

const grids = new WeakMap();

export default function headGrid({ data, parentElement, setTriggerValue }) {
  let root = parentElement.querySelector(":scope > .hs-grid");
  if (!root) {
    root = made("div", "hs-grid");
    parentElement.append(root);
    grids.set(root, new Grid(root));
  }
  grids.get(root).show(data, (choice) => setTriggerValue("opened", choice));
}
