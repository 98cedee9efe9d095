"use strict";
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const SIDES = ["lhs", "rhs"];
  const NARROWEST = 0.02; // width of the bar of a single value, as a share of the chart's

  // ---------------------------------------------------------------- making elements: text is only ever text

  function make(tag, attributes = {}, ...children) {
    return fill(document.createElement(tag), attributes, children);
  }

  function draw(tag, attributes = {}, ...children) {
    return fill(document.createElementNS(SVG, tag), attributes, children);
  }

  function fill(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false));
    return node;
  }

  function write(value) {
    if (Number.isInteger(value) && Math.abs(value) < 1e15) return value.toLocaleString("en");
    const size = Math.abs(value);
    return size >= 1e-4 && size < 1e9
      ? value.toLocaleString("en", { maximumSignificantDigits: 4 })
      : value.toExponential(3);
  }

  function percent(share) {
    if (share > 0 && share < 1e-4) return "<0.01%";
    return `${(100 * share).toLocaleString("en", { maximumFractionDigits: share < 0.01 ? 2 : 1 })}%`;
  }

  // ---------------------------------------------------------------- bars: what a histogram looks like

  // Buckets are embedded flat: low, high, count, low, high, count...
  function buckets(flat) {
    const found = [];
    for (let at = 0; at < (flat || []).length; at += 3) found.push(flat.slice(at, at + 3));
    return found;
  }

  const total = (list) => list.reduce((sum, [, , count]) => sum + count, 0) || 1;

  // Bars of one feature: side, left, right and height from 0 to 1, and what they stand for.
  function bars(feature, view) {
    return scaled(feature.kind === "categorical" ? labelled(feature, 16) : measured(feature, view.histogram), view.log);
  }

  function labelled(feature, most) {
    const labels = feature.top.slice(0, most);
    const step = 1 / Math.max(labels.length, 4);
    return labels.flatMap(([label, ...counts], place) => counts.map((count, side) => {
      const share = count / (feature.values[side] || 1);
      const title = `${label}: ${percent(share)}`;
      return { side, left: (place + 0.08) * step, right: (place + 0.92) * step, size: share, title };
    }));
  }

  function measured(feature, kind) {
    const sides = (feature.charts[kind] || feature.charts.standard || feature.charts.quantiles || []).map(buckets);
    const place = axis(sides);
    return sides.flatMap((list, side) => list.map(([low, high, count]) => {
      const left = place(low);
      const right = Math.max(place(high), left + NARROWEST);
      const share = count / total(list);
      const size = kind === "quantiles" ? share / (right - left) : share;
      return { side, left, right, size, title: `${write(low)} to ${write(high)}: ${percent(share)}` };
    }));
  }

  // From values to 0..1. Halves, because the difference of two finite numbers may be infinite.
  function axis(sides) {
    const bounds = sides.flat().flatMap(([low, high]) => [low / 2, high / 2]);
    const low = Math.min(...bounds);
    const extent = Math.max(...bounds) - low;
    return (value) => (extent > 0 ? (value / 2 - low) / extent : 0);
  }

  function scaled(list, log) {
    const sizes = list.map((bar) => bar.size).filter((size) => size > 0);
    const top = Math.max(...sizes);
    const floor = Math.min(...sizes) / 2;
    const height = log
      ? (size) => Math.log(size / floor) / Math.log(top / floor)
      : (size) => size / top;
    return list.filter((bar) => bar.size > 0).map((bar) => ({ ...bar, height: height(bar.size) }));
  }

  const short = (value) => value.toFixed(1).replace(/\.0$/, "");

  function outline(list, width, height) {
    return list.map((bar) => {
      const [left, right] = [short(bar.left * width), short(bar.right * width)];
      return `M${left} ${height}V${short(height * (1 - bar.height))}H${right}V${height}z`;
    }).join("");
  }

  function redraw(svg, feature, view) {
    const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
    const list = bars(feature, view);
    svg.replaceChildren(...SIDES.map((name, side) => draw("path", {
      class: name,
      d: outline(list.filter((bar) => bar.side === side), width, height),
    })));
  }

  // ---------------------------------------------------------------- the panel below a feature

  function chart(feature, view) {
    const [width, height] = [380, 150];
    const list = bars(feature, view);
    if (!list.length) return null;
    const drawn = list.map((bar) => draw("rect", {
      class: SIDES[bar.side],
      x: short(bar.left * width),
      y: short(height * (1 - bar.height)),
      width: short((bar.right - bar.left) * width),
      height: short(height * bar.height),
    }, draw("title", {}, bar.title)));
    const label = `Distribution of ${feature.name}`;
    const svg = draw("svg", { viewBox: `0 -4 ${width} ${height + 24}`, class: "chart", role: "img", "aria-label": label },
      draw("path", { class: "base", d: `M0 ${height}h${width}` }), drawn, ticks(feature, view, width, height));
    return card("Distribution", svg, note(feature, view));
  }

  function ticks(feature, view, width, height) {
    if (feature.kind === "categorical") return [];
    const kind = feature.charts[view.histogram] ? view.histogram : Object.keys(feature.charts)[0];
    const bounds = feature.charts[kind].map(buckets).flat().flatMap(([low, high]) => [low, high]);
    const [low, high] = [Math.min(...bounds), Math.max(...bounds)];
    const places = low === high ? [0] : [0, 0.5, 1];
    return places.map((place) => draw("text", {
      x: place * width, y: height + 15, "text-anchor": ["start", "middle", "end"][2 * place],
    }, write(low * (1 - place) + high * place)));
  }

  function note(feature, view) {
    const words = [];
    if (feature.kind === "categorical") words.push(`the ${Math.min(feature.top.length, 16)} most frequent values`);
    else words.push(view.histogram === "quantiles" ? "equally many values a bar: its area is their share" : "bars of equal width");
    if (view.log) words.push("heights on a logarithmic scale");
    return make("p", { class: "note" }, words.join("; "));
  }

  function card(title, ...content) {
    return make("div", { class: "card" }, make("h4", {}, title), content);
  }

  function headed(names, first) {
    const cells = names.map((name, side) => make("th", { scope: "col", class: SIDES[side] }, name));
    return make("thead", {}, make("tr", {}, make("th", { scope: "col" }, first), cells));
  }

  function figures(feature, names) {
    const rows = feature.figures.map(([label, ...texts]) =>
      make("tr", {}, make("th", { scope: "row" }, label), texts.map((text) => make("td", {}, text))));
    return card("Figures", make("table", {}, names.length > 1 && headed(names, "Figure"), make("tbody", {}, rows)));
  }

  // The value below which this share of a histogram lies; a bound of a bucket where it is as good as there.
  function quantile(list, share) {
    const all = total(list);
    let before = 0;
    for (const [low, high, count] of list) {
      const after = before + count / all;
      if (Math.abs(before - share) < 0.005) return low;
      if (Math.abs(after - share) < 0.005) return high;
      if (after > share) return low + (high - low) * ((share - before) / (after - before));
      before = after;
    }
    return list[list.length - 1][1];
  }

  function quantiles(title, sides, names) {
    const known = (sides || []).map(buckets);
    if (!known.some((list) => list.length)) return null;
    const shares = Array.from({ length: 11 }, (_, tenth) => tenth / 10);
    const rows = shares.map((share) => make("tr", {}, make("th", { scope: "row" }, percent(share)),
      known.map((list) => make("td", {}, list.length ? write(quantile(list, share)) : "–"))));
    return card(title, make("table", {}, names.length > 1 && headed(names, "Share below"), make("tbody", {}, rows)));
  }

  function varied(sides) {
    const bounds = (sides || []).flatMap(buckets).flatMap(([low, high]) => [low, high]);
    return bounds.some((bound) => bound !== bounds[0]);
  }

  function topValues(feature, names) {
    if (!feature.top || !feature.top.length) return null;
    const shares = feature.top.map(([, ...counts]) => counts.map((count, side) => count / (feature.values[side] || 1)));
    const most = Math.max(...shares.flat());
    const rows = feature.top.map(([label], rank) => make("tr", {},
      make("td", { class: "rank" }, String(rank + 1)),
      make("th", { scope: "row" }, label),
      make("td", { class: "shares" }, shares[rank].map((share, side) => bar(share, share / most, SIDES[side])))));
    const head = make("tr", {}, ["Rank", "Value", "Share of all values"].map((word) => make("th", { scope: "col" }, word)));
    return card("Top values", make("table", { class: "top" }, make("thead", {}, head), make("tbody", {}, rows)));
  }

  function bar(share, length, side) {
    const filled = draw("rect", { width: `${short(100 * length)}%`, height: "100%", class: side });
    return make("span", {}, draw("svg", { class: "bar", "aria-hidden": "true" }, filled), make("b", {}, percent(share)));
  }

  // Frequency by rank, both logarithmic: a straight line is a power law, a flat one an identifier.
  function rankCurve(feature) {
    const sides = (feature.ranks || []).map((flat) => flat || []);
    const points = sides.map((flat) => flat.flatMap((rank, at) => (at % 2 ? [] : [[Math.log(rank), Math.log(flat[at + 1])]])));
    const all = points.flat().filter(([, size]) => Number.isFinite(size));
    if (all.length < 6) return null;
    const [width, height] = [380, 130];
    const right = Math.max(...all.map(([rank]) => rank)) || 1;
    const [low, high] = [Math.min(...all.map(([, size]) => size)), Math.max(...all.map(([, size]) => size))];
    const lines = points.map((list, side) => list.length > 1 && draw("polyline", {
      class: SIDES[side],
      points: list.map(([rank, size]) => `${short(rank / right * width)},${short((high - size) / (high - low || 1) * height)}`).join(" "),
    }));
    const svg = draw("svg", { viewBox: `-2 -4 ${width + 4} ${height + 24}`, class: "chart line", role: "img", "aria-label": "Frequency by rank" },
      draw("path", { class: "base", d: `M0 ${height}h${width}` }), lines,
      draw("text", { x: 0, y: height + 15 }, "rank 1"),
      draw("text", { x: width, y: height + 15, "text-anchor": "end" }, `rank ${write(Math.round(Math.exp(right)))}`));
    return card("Frequency by rank", svg, make("p", { class: "note" }, "both on logarithmic scales"));
  }

  function faults(feature, data) {
    if (!feature.anomalies.length) return null;
    return card("Anomalies", make("ul", {}, feature.anomalies.map((at) =>
      make("li", {}, make("a", { href: `#a${at}` }, data.anomalies[at])))));
  }

  function panel(feature, data, view) {
    return make("div", { class: "panel" }, [
      faults(feature, data), chart(feature, view), topValues(feature, data.names), rankCurve(feature),
      feature.charts.quantiles && quantiles("Quantiles", feature.charts.quantiles, data.names),
      varied(feature.charts.lengths) && quantiles("Values per example", feature.charts.lengths, data.names),
      figures(feature, data.names),
    ]);
  }

  // ---------------------------------------------------------------- one page

  function enliven(root) {
    const data = JSON.parse(root.nextElementSibling.textContent);
    const view = { histogram: "standard", log: false, search: "", types: new Set(), faulty: false };
    const find = (selector, within = root) => Array.from(within.querySelectorAll(selector));
    const tables = find("table.features");
    const rows = tables.flatMap((table) => Array.from(table.tBodies[0].rows));
    const featureOf = (row) => data.features[Number(row.id.slice(1))];
    const panelOf = (row) => (row.nextElementSibling && row.nextElementSibling.matches(".opened") ? row.nextElementSibling : null);

    // ------------------------------------------------------------ opening a feature

    function toggle(row, open = !panelOf(row)) {
      const opened = panelOf(row);
      if (opened && !open) opened.remove();
      if (!opened && open) {
        const cell = make("td", { colspan: row.cells.length }, panel(featureOf(row), data, view));
        row.after(make("tr", { class: "opened", id: `${row.id}-panel` }, cell));
      }
      row.querySelector(".name").setAttribute("aria-expanded", String(open));
    }

    for (const row of rows) {
      const button = row.querySelector(".name");
      button.setAttribute("aria-expanded", "false");
      row.addEventListener("click", (event) => {
        const elsewhere = event.target.closest("a") || String(getSelection());
        if (!elsewhere || event.target === button) toggle(row);
      });
    }

    // ------------------------------------------------------------ sorting

    function sort(table, key, descending) {
      const heads = Array.from(table.tHead.rows[0].cells);
      const column = heads.findIndex((head) => head.dataset.key === key);
      const sign = descending ? -1 : 1;
      const order = Array.from(table.tBodies[0].rows).filter((row) => !row.matches(".opened"));
      order.sort((left, right) => (column < 0
        ? Number(left.id.slice(1)) - Number(right.id.slice(1))
        : compare(left.cells[column], right.cells[column], sign)));
      for (const row of order) table.tBodies[0].append(...[row, panelOf(row)].filter(Boolean));
      heads.forEach((head, at) => {
        if (at === column) head.setAttribute("aria-sort", descending ? "descending" : "ascending");
        else head.removeAttribute("aria-sort");
      });
    }

    const collator = new Intl.Collator("en", { numeric: true });
    const isNumeric = (cell) => cell.dataset.s !== undefined;

    // Numbers before texts, and cells without either always last.
    function compare(left, right, sign) {
      if (isNumeric(left) || isNumeric(right)) {
        if (isNumeric(left) !== isNumeric(right)) return isNumeric(left) ? -1 : 1;
        return sign * (Number(left.dataset.s) - Number(right.dataset.s));
      }
      return sign * collator.compare(left.textContent, right.textContent);
    }

    for (const head of find("th[data-key]")) {
      head.firstChild.addEventListener("click", () => {
        const first = head.cellIndex > 0 && head.closest(".features, .measured, .cross") ? "descending" : "ascending";
        const other = first === "descending" ? "ascending" : "descending";
        sort(head.closest("table"), head.dataset.key, (head.getAttribute("aria-sort") === first ? other : first) === "descending");
      });
    }

    // ------------------------------------------------------------ search and filters

    const status = make("output", { class: "status" });

    function filter() {
      const wanted = view.search.toLowerCase();
      let shown = 0;
      for (const row of rows) {
        const hit = featureOf(row).name.toLowerCase().includes(wanted)
          && (!view.types.size || view.types.has(row.dataset.t))
          && (!view.faulty || row.dataset.a);
        row.hidden = !hit;
        if (panelOf(row)) panelOf(row).hidden = !hit;
        shown += hit ? 1 : 0;
      }
      for (const table of tables) table.hidden = !find("tbody tr:not([hidden])", table).length;
      status.textContent = shown === rows.length ? "" : `${write(shown)} of ${write(rows.length)} features`;
    }

    function rescale() {
      for (const row of rows) {
        const svg = row.querySelector("svg.spark");
        if (svg) redraw(svg, featureOf(row), view);
        if (panelOf(row)) panelOf(row).firstChild.replaceChildren(panel(featureOf(row), data, view));
      }
    }

    // ------------------------------------------------------------ the tools above the tables

    const search = make("input", {
      type: "search", placeholder: "Find a feature", "aria-label": "Find a feature", "aria-keyshortcuts": "/",
      oninput: () => { view.search = search.value; filter(); },
    });

    function chip(type) {
      const button = make("button", { type: "button", "aria-pressed": "false", onclick: () => {
        const pressed = !view.types.has(type);
        if (pressed) view.types.add(type); else view.types.delete(type);
        button.setAttribute("aria-pressed", String(pressed));
        filter();
      } }, type);
      return button;
    }

    function group(label, buttons) {
      return make("span", { class: "group", role: "group", "aria-label": label }, buttons);
    }

    function choice(label, options, chosen) {
      const buttons = options.map(([value, text]) => make("button", {
        type: "button", "aria-pressed": String(value === options[0][0]), onclick: (event) => {
          for (const button of buttons) button.setAttribute("aria-pressed", String(button === event.currentTarget));
          chosen(value);
          rescale();
        },
      }, text));
      return group(label, buttons);
    }

    function sorter() {
      const heads = new Map([["", "Order in the data"]]);
      for (const head of find("table.features th[data-key]")) heads.set(head.dataset.key, head.textContent);
      const key = make("select", { "aria-label": "Sort by", onchange: () => apply() },
        [...heads].map(([value, text]) => make("option", { value }, text)));
      const direction = make("button", { type: "button", "aria-label": "Descending", "aria-pressed": "false", class: "direction", onclick: () => {
        direction.setAttribute("aria-pressed", String(direction.getAttribute("aria-pressed") !== "true"));
        apply(false);
      } });
      function apply(chosen = true) {
        if (chosen) direction.setAttribute("aria-pressed", String(!["", "name"].includes(key.value)));
        for (const table of tables) sort(table, key.value, direction.getAttribute("aria-pressed") === "true");
      }
      return make("span", { class: "group" }, make("label", {}, "Sort by ", key), direction);
    }

    function tools(form) {
      const types = [...new Set(rows.map((row) => row.dataset.t))];
      const faulty = make("input", { type: "checkbox", onchange: () => { view.faulty = faulty.checked; filter(); } });
      form.append(...[
        search,
        types.length > 1 && group("Types", types.map(chip)),
        rows.some((row) => row.dataset.a) && make("label", {}, faulty, " Only with anomalies"),
        sorter(),
        choice("Histogram", [["standard", "Standard"], ["quantiles", "Quantiles"]], (value) => { view.histogram = value; }),
        choice("Scale", [[false, "Linear"], [true, "Log"]], (value) => { view.log = value; }),
        status,
      ].filter(Boolean));
      form.hidden = false;
      form.addEventListener("submit", (event) => event.preventDefault());
    }

    for (const form of find("form.tools")) tools(form);

    // ------------------------------------------------------------ parts of the page, and links between them

    const parts = find("nav a").map((link) => [link, root.querySelector(`section[id="${link.id.slice(3)}"]`)]);

    function show(part) {
      for (const [link, section] of parts) {
        section.classList.toggle("away", section !== part);
        if (section === part) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      }
    }

    function visit(target) {
      const section = target.closest("section[id]");
      if (parts.length) show(section);
      if (target === section) return;
      if (target.hidden) {
        Object.assign(view, { search: "", types: new Set(), faulty: false });
        for (const form of find("form.tools")) form.reset();
        for (const button of find('.tools [aria-label="Types"] button')) button.setAttribute("aria-pressed", "false");
        filter();
      }
      if (target.querySelector(".name")) toggle(target, true);
      target.scrollIntoView({ block: "start" });
      const focusable = target.querySelector("button, a, summary");
      if (focusable) focusable.focus({ preventScroll: true });
    }

    root.addEventListener("click", (event) => {
      const link = event.target.closest('a[href^="#"]');
      const target = link && document.getElementById(link.getAttribute("href").slice(1));
      if (!target) return;
      event.preventDefault();
      visit(target);
    });

    document.addEventListener("keydown", (event) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.matches("input, select, textarea")) return;
      if (!search.isConnected) return;
      event.preventDefault();
      if (parts.length) show(search.closest("section"));
      search.focus();
    });

    if (parts.length) show(parts[0][1]);
    root.classList.add("alive");
  }

  for (const root of document.querySelectorAll("main.headwater:not(.alive)")) enliven(root);
})();
