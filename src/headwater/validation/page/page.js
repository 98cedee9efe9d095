"use strict";
// Search, sorting, filters, links and panels.
(() => {
  const { make, panel, redraw, write } = charts;

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
