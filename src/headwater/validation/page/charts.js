"use strict";
// What is drawn from the data embedded in the page. Text only ever becomes text: elements are made, never parsed.
const charts = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  const SIDES = ["lhs", "rhs"];
  const NARROWEST = 0.02; // width of the bar of a single value, as a share of the chart's

  // ---------------------------------------------------------------- making elements

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
    return scaled(feature.kind === "categorical" ? labelled(feature, 16) : measured(feature), view.log);
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

  function measured(feature) {
    const sides = histograms(feature, "standard");
    const place = linear(bounds(sides));
    return sides.flatMap((list, side) => list.map(([low, high, count]) => {
      const left = place(low);
      const right = Math.max(place(high), left + NARROWEST);
      const share = count / total(list);
      return { side, left, right, size: share / (right - left), title: `${write(low)} to ${write(high)}: ${percent(share)}` };
    }));
  }

  // The buckets of both data sets, of the other kind of histogram where there is none of the one wanted.
  function histograms(feature, kind) {
    return (feature.charts[kind] || feature.charts.standard || feature.charts.quantiles || []).map(buckets);
  }

  const bounds = (sides) => sides.flat().flatMap(([low, high]) => [low, high]);

  // From values to 0..1. Halves, because the difference of two finite numbers may be infinite.
  function linear(values) {
    const low = Math.min(...values) / 2;
    const extent = Math.max(...values) / 2 - low;
    return (value) => (extent > 0 ? (value / 2 - low) / extent : 0);
  }

  // The same by orders of magnitude, from the smallest one that occurs, on both sides of zero.
  function logarithmic(values) {
    const least = Math.min(...values.map(Math.abs).filter((size) => size > 0));
    const order = (value) => (value === 0 ? 0 : Math.sign(value) * Math.log1p(Math.abs(value) / least));
    const place = linear(values.map(order));
    return (value) => place(order(value));
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

  // ---------------------------------------------------------------- curves: how large the values are, from least to greatest

  const isCurve = (feature, view) => feature.kind === "numeric" && view.histogram === "quantiles";

  // The points of each data set's curve, right and up from 0 to 1: up to which value which share of the values goes.
  function curves(feature, view) {
    const sides = histograms(feature, "quantiles");
    const place = (view.log ? logarithmic : linear)(bounds(sides));
    return sides.map((list) => {
      let before = 0;
      return list.flatMap(([low, high, count]) => {
        const start = before;
        before += count / total(list);
        return [[start, low], [before, high]];
      }).map(([share, value]) => ({ share, height: place(value), title: `${percent(share)} up to ${write(value)}` }));
    });
  }

  function lines(feature, view, width, height) {
    return curves(feature, view).map((points, side) => points.length && draw("polyline", {
      class: SIDES[side],
      points: points.map(({ share, height: up }) => `${short(share * width)},${short((1 - up) * height)}`).join(" "),
    }));
  }

  function redraw(svg, feature, view) {
    const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
    const drawn = isCurve(feature, view) ? lines(feature, view, width, height) : paths(bars(feature, view), width, height);
    svg.replaceChildren(...drawn.filter(Boolean));
  }

  function paths(list, width, height) {
    return SIDES.map((name, side) => draw("path", {
      class: name,
      d: outline(list.filter((bar) => bar.side === side), width, height),
    }));
  }

  // ---------------------------------------------------------------- the panel below a feature

  function chart(feature, view) {
    const [width, height] = [380, 150];
    if (!bars(feature, view).length) return null;
    const drawn = (isCurve(feature, view) ? curveChart : barChart)(feature, view, width, height);
    const label = `Distribution of ${feature.name}`;
    const svg = draw("svg", { viewBox: `-4 -5 ${width + 8} ${height + 25}`, class: "chart", role: "img", "aria-label": label },
      draw("path", { class: "base", d: `M0 ${height}h${width}` }), drawn);
    return card("Distribution", svg, note(feature, view));
  }

  function barChart(feature, view, width, height) {
    const drawn = bars(feature, view).map((bar) => draw("rect", {
      class: SIDES[bar.side],
      x: short(bar.left * width),
      y: short(height * (1 - bar.height)),
      width: short((bar.right - bar.left) * width),
      height: short(height * bar.height),
    }, draw("title", {}, bar.title)));
    if (feature.kind === "categorical") return drawn;
    const [low, high] = extremes(histograms(feature, "standard"));
    const places = low === high ? [0] : [0, 0.5, 1];
    return [drawn, ticks(places.map((place) => [place, write(low * (1 - place) + high * place)]), width, height)];
  }

  function curveChart(feature, view, width, height) {
    const [low, high] = extremes(histograms(feature, "quantiles"));
    const dots = curves(feature, view).flatMap((points, side) => points.map(({ share, height: up, title }) => draw("circle", {
      class: SIDES[side], cx: short(share * width), cy: short((1 - up) * height), r: 3,
    }, draw("title", {}, title))));
    return [
      lines(feature, view, width, height), dots,
      ticks([0, 0.5, 1].map((place) => [place, percent(place)]), width, height),
      draw("text", { x: 6, y: 8 }, write(high)),
      draw("text", { x: width - 4, y: height - 6, "text-anchor": "end" }, write(low)),
    ];
  }

  function extremes(sides) {
    return [Math.min(...bounds(sides)), Math.max(...bounds(sides))];
  }

  function ticks(places, width, height) {
    return places.map(([place, text]) => draw("text", {
      x: place * width, y: height + 15, "text-anchor": ["start", "middle", "end"][2 * place],
    }, text));
  }

  function note(feature, view) {
    const words = [];
    if (feature.kind === "categorical") words.push(`the ${Math.min(feature.top.length, 16)} most frequent values`);
    else words.push(isCurve(feature, view) ? "the value up to which a share of all values goes" : "a bar's area is its share");
    if (view.log) words.push(isCurve(feature, view) ? "values on a logarithmic scale" : "heights on a logarithmic scale");
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

  return { make, panel, redraw, write };
})();
