// Everything shown comes from the data in this file and is set as text, never as markup.
"use strict";
{
  const data = JSON.parse(document.getElementById("data").textContent);
  const { result, shown, metrics } = data;
  const base = result.baseline;
  const [, perLayer] = result.shape;
  const heads = new Map(result.heads.map((head) => [head.label, head]));
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const state = { metric: metrics.find((metric) => metric.field === data.opening), head: null, sort: null, printing: false };
  // Pixels of a figure that fits on A4 and on Letter; a page says its width only after it is laid out.
  const PAPER = 660;
  const at = (id) => document.getElementById(id);

  function made(tag, options = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(options)) {
      if (name === "class") node.className = value;
      else if (name === "click") node.addEventListener("click", value);
      else node.setAttribute(name, value);
    }
    node.append(...children);
    return node;
  }

  // [text, style] pairs, the styles named as in core.text.words.
  const STYLED = { bold: ["b", {}], token: ["span", { class: "code" }], warning: ["span", { class: "flag" }] };
  const words = (pairs) =>
    pairs.map(([text, style]) => {
      if (style === "") return text.replace(/(?<=\d) (?=%|(?:pp|nats|logits)\b)/g, "\u00a0");
      return made(...STYLED[style], text);
    });

  // The same digits as core.text.numbers.
  function signed(value, digits) {
    const text = Math.abs(value).toFixed(digits);
    if (Number(text) === 0) return text;
    return (value < 0 ? "−" : "+") + text;
  }
  function percent(fraction, digits = 1) {
    const value = 100 * fraction;
    if (value === 0) return "0 %";
    if (value < 0.001) {
      const [digit, power] = value.toExponential(1).split("e-");
      return `${digit}e−${power.padStart(2, "0")} %`;
    }
    if (value < 10 ** -digits) return `${Number(value.toPrecision(2))} %`;
    return `${value.toFixed(digits)} %`;
  }

  const count = (n) => n.toLocaleString("en-US");
  function ordinal(n) {
    const teens = n % 100 > 10 && n % 100 < 14;
    return n + ((!teens && { 1: "st", 2: "nd", 3: "rd" }[n % 10]) || "th");
  }

  const value = (metric, head) => {
    const number = metric.factor * head[metric.field];
    return metric.signed ? signed(number, metric.digits) : number.toFixed(metric.digits);
  };
  // Name, unit, the result's field, the text of a cell; what it is sorted by, where not the field.
  const columns = [
    ["head", "", "head", (h) => h.label, (h) => h.layer * perLayer + h.head],
    ["P after", "%", "prob", (h) => (100 * h.prob).toFixed(1)],
    ...metrics.map((metric) => [metric.column, metric.unit, metric.field, (h) => value(metric, h)]),
    ["rank", "", "rank", (h) => count(h.rank)],
    ["then likeliest", "", "top", (h) => `${shown[h.top[0][0]]} ${percent(h.top[0][1], 0)}`, (h) => h.top[0][1]],
  ];

  function heading() {
    at("title").textContent = data.title || "Which attention heads does this prediction need?";
    document.title = data.title || `Headsweep: ${data.tokens.map(([text]) => text).join("").slice(0, 60)}`;
    const chips = data.tokens.map(([text, kind]) => made("span", { class: `token ${kind}`, role: "listitem" }, text));
    const answer = data.target.flatMap((text, i) => [
      ...(i && data.targetIsSet ? [made("span", { class: "quiet" }, "or")] : []),
      made("span", { class: "token target", role: "listitem" }, text),
    ]);
    const tail = made("span", { class: "tail" }, chips.pop(), made("span", { class: "quiet" }, "→"), ...answer);
    at("strip").append(...chips, tail);
    at("count").append(...words(data.count));
  }

  function facts() {
    at("facts").replaceChildren();
    for (const { title, value, detail, likeliest } of data.facts[state.metric.field]) {
      const fact = made("div", { class: "fact" }, made("dt", {}, ...words(title)));
      if (likeliest.length) fact.append(made("dd", { class: "bars" }, ...likeliest.flatMap(likely)));
      else fact.append(made("dd", { class: "big" }, value), made("dd", { class: "quiet" }, ...words(detail)));
      at("facts").append(fact);
    }
  }

  function likely([text, prob, isTarget]) {
    const fill = made("i", isTarget ? { class: "on" } : {});
    fill.style.setProperty("--share", `${100 * prob}%`);
    return [
      made("span", { class: "name" }, text),
      made("span", { class: "track" }, fill),
      made("span", { class: "number" }, percent(prob)),
    ];
  }

  function findings() {
    told();
    at("caveats").append(...data.caveats.map((text) => made("li", {}, text)));
    at("margins").append(...words(data.marginWords));
    for (const [i, part] of data.provenance.entries()) {
      at("provenance").append(...(i ? ["\u00a0· "] : []), ...words(part));
    }
    at("made").append(
      ...data.made.flatMap(([name, value]) => [made("dt", {}, name), made("dd", { class: "code" }, value)]),
    );
  }

  // What follows the metric on display.
  function told() {
    const said = data.findings[state.metric.field];
    at("findings").replaceChildren(...said.map((pairs) => made("p", {}, ...words(pairs))));
  }

  function choices() {
    for (const metric of metrics) {
      const press = () => {
        state.metric = metric;
        facts();
        told();
        if (state.head) detail();
        draw();
        ranking();
      };
      at("metrics").append(made("button", { type: "button", "data-metric": metric.field, click: press }, metric.short));
    }
  }

  function draw() {
    const { field, title } = state.metric;
    at("shown").textContent = `${title} when one head is ablated`;
    at("why").textContent = field === data.opening ? data.why : "";
    for (const button of at("metrics").children) {
      button.setAttribute("aria-pressed", String(button.dataset.metric === field));
    }
    const look = dark.matches && !state.printing ? "dark" : "light";
    const { data: traces, layout } = structuredClone(data.figures[look][field]);
    if (state.head) layout.shapes = [...(layout.shapes || []), outline(state.head, layout.font.color)];
    if (state.printing) layout.width = PAPER;
    const config = { displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: false };
    return Plotly.react(at("heatmap"), traces, layout, config);
  }

  function outline({ layer, head }, color) {
    const half = 0.47;
    const line = { color, width: 2.5 };
    return { type: "rect", x0: head - half, x1: head + half, y0: layer - half, y1: layer + half, line };
  }

  function choose(head) {
    if (!head) return;
    state.head = head;
    detail();
    draw();
    mark();
  }

  function detail() {
    const { head } = state;
    const { field, column } = state.metric;
    const order = [...result.heads].sort((a, b) => Math.abs(b[field]) - Math.abs(a[field]));
    const place = order.indexOf(head) + 1;
    const first = data.first[head.label];
    const numbers = [
      ["P(target)", `${percent(base.prob)} → ${percent(head.prob)}`],
      ...metrics.map((metric) => [
        metric.signed ? metric.column : metric.label,
        `${value(metric, head)} ${metric.unit}`,
        metric.meaning,
      ]),
      ["target’s rank", `${count(base.rank)} → ${count(head.rank)}`],
      ...(first ? [["at position 0 alone", first]] : []),
    ];
    at("head").replaceChildren(
      made("h2", {}, made("b", {}, head.label), `ablated: ${ordinal(place)} of ${result.heads.length} by size in ${column}`),
      made("dl", { class: "numbers" }, ...numbers.map(named)),
      made("h3", {}, "Likeliest next tokens"),
      made("div", { class: "quiet" }, made("span", { class: "key" }), "nothing ablated", made("span", { class: "key after" }), `${head.label} ablated`),
      made("div", { class: "pairs" }, ...pairs(head).flatMap(pair)),
    );
  }

  function named([name, text, meaning = ""]) {
    return made("div", meaning ? { title: meaning } : {}, made("dt", {}, name), made("dd", {}, text));
  }

  // A token that is not among the listed ones on one side is less likely there than the last listed.
  function pairs(head) {
    const before = new Map(base.top);
    const after = new Map(head.top);
    const texts = new Set([...base.top.slice(0, 5), ...head.top.slice(0, 5)].map(([text]) => text));
    if (result.target_tokens.length === 1 && typeof result.spec.target === "string") {
      before.set(result.target_tokens[0], base.prob);
      after.set(result.target_tokens[0], head.prob);
      texts.add(result.target_tokens[0]);
    }
    const most = (text) => Math.max(before.get(text) || 0, after.get(text) || 0);
    const sorted = [...texts].sort((a, b) => most(b) - most(a));
    const sides = (text) => [
      ["", before.get(text), base.top.at(-1)[1]],
      ["after", after.get(text), head.top.at(-1)[1]],
    ];
    return sorted.map((text) => ({ text, largest: most(sorted[0]), sides: sides(text) }));
  }

  function pair({ text, largest, sides }) {
    const lines = sides.flatMap(([kind, prob, least]) => {
      const track = made("span", { class: "track" });
      const number = made("span", { class: "number" });
      if (prob === undefined) {
        number.textContent = `under ${percent(least)}`;
        return [track, number];
      }
      const fill = made("i", { class: kind });
      fill.style.setProperty("--share", `${(100 * prob) / largest}%`);
      track.append(fill);
      number.textContent = percent(prob);
      return [track, number];
    });
    const name = made("span", { class: result.target_tokens.includes(text) ? "name on" : "name" }, shown[text]);
    return [name, made("div", { class: "both" }, ...lines)];
  }

  function table() {
    const header = columns.map(([name, unit, field]) => {
      const press = () => {
        const again = state.sort && state.sort.field === field;
        state.sort = { field, down: again ? !state.sort.down : field !== "head" };
        ranking();
      };
      const button = made("button", { type: "button", click: press }, made("span", {}, name), made("small", {}, unit));
      return made("th", { scope: "col", "data-field": field }, button);
    });
    at("columns").append(...header);
  }

  function ranking() {
    const size = (head) => Math.abs(head[state.metric.field] ?? 0);
    let order = [...result.heads].sort((a, b) => size(b) - size(a));
    if (state.sort) {
      const [, , field, , key = (head) => head[field]] = columns.find((column) => column[2] === state.sort.field);
      order = order.sort((a, b) => (state.sort.down ? key(b) - key(a) : key(a) - key(b)));
    }
    for (const cell of at("columns").children) {
      const way = state.sort && state.sort.field === cell.dataset.field;
      if (way) cell.setAttribute("aria-sort", state.sort.down ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    }
    at("sorted").textContent = state.sort ? "" : `The largest ${state.metric.short} effect first. `;
    at("rows").replaceChildren(...order.map(row));
    mark();
  }

  function row(head) {
    const cells = columns.slice(1).map(([, , , text]) => made("td", {}, text(head)));
    const button = made("button", { type: "button", "data-head": head.label, click: () => choose(head) }, head.label);
    return made("tr", {}, made("td", {}, button), ...cells);
  }

  function mark() {
    for (const each of at("rows").children) {
      const button = each.querySelector("button");
      const chosen = state.head !== null && button.dataset.head === state.head.label;
      each.className = chosen ? "chosen" : "";
      button.setAttribute("aria-pressed", String(chosen));
    }
  }

  const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  function moved(event) {
    const step = STEPS[event.key];
    if (!step || !state.head) return;
    event.preventDefault();
    choose(heads.get(`L${state.head.layer + step[0]}H${state.head.head + step[1]}`));
  }

  function print(printing) {
    state.printing = printing;
    draw();
  }

  heading();
  facts();
  findings();
  choices();
  table();
  state.head = [...result.heads].sort((a, b) => Math.abs(b[data.opening]) - Math.abs(a[data.opening]))[0] || null;
  if (state.head) detail();
  ranking();
  draw().then((plot) => {
    plot.on("plotly_click", (event) => {
      const cell = event.points.map((point) => point.customdata).find(Boolean);
      if (!cell) return;
      choose(heads.get(`L${cell[0]}H${cell[1]}`));
      at("head").scrollIntoView({ block: "nearest" });
    });
    document.body.dataset.ready = "yes";
  });
  at("heatmap").addEventListener("keydown", moved);
  dark.addEventListener("change", draw);
  addEventListener("beforeprint", () => print(true));
  addEventListener("afterprint", () => print(false));
}
