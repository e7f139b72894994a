"use strict";
(async () => {
  const packed = Uint8Array.from(atob(document.getElementById("files").textContent), (letter) => letter.charCodeAt(0));
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const files = JSON.parse(await new Response(unpacked).text());
  const status = document.getElementById("status");
  const tell = (text) => { status.textContent = text; };
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };
  const svgMake = (tag, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  const button = (text, does) => {
    const element = make("button", { type: "button" }, text);
    element.addEventListener("click", does);
    return element;
  };

  // CSV as RFC 4180 has it: quotes are doubled, a quoted field may hold line ends.
  const parseCsv = (text) => {
    const rows = [[]];
    for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n|$)/g)) {
      rows.at(-1).push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
      if (end === "\n") rows.push([]);
      if (end === "") break;
    }
    return rows.filter((row) => row.length > 1);
  };
  const parsed = new Map();
  const dataOf = (id) => {
    if (!parsed.has(id)) {
      const [header, ...rows] = parseCsv(files[id].csv);
      parsed.set(id, { header, rows });
    }
    return parsed.get(id);
  };

  // Downloads
  const save = (name, content, type) => {
    const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
    make("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
    tell(`Saved ${name}`);
  };
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.body.appendChild(make("textarea", { "aria-hidden": "true" }));
      area.value = text;
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    tell("Copied");
  };
  const DRAWN = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "opacity",
    "fill-opacity", "font-family", "font-size", "font-weight", "font-style", "text-anchor", "paint-order", "display"];
  // A drawing with its styles written into it, in the light colours of paper.
  const standalone = (svg) => {
    const stage = document.body.appendChild(make("div", { class: "stage light" }));
    const clone = stage.appendChild(svg.cloneNode(true));
    clone.querySelectorAll(".reading").forEach((each) => each.remove());
    const [, , width, height] = clone.getAttribute("viewBox").split(" ").map(Number);
    const legend = [...svg.closest(".panel").querySelectorAll(".legend li")];
    const line = 20;
    clone.setAttribute("viewBox", `0 0 ${width} ${height + legend.length * line}`);
    legend.forEach((item, position) => {
      const y = height + position * line + 12;
      const sign = svgMake("g", { transform: `translate(14 ${y - 11})` });
      item.querySelectorAll("svg > *").forEach((each) => sign.append(each.cloneNode(true)));
      const words = svgMake("text", { x: 54, y });
      words.textContent = item.innerText.replace(/\s+/g, " ").slice(0, 90);
      clone.append(sign, words);
    });
    for (const element of clone.querySelectorAll("*")) {
      const computed = getComputedStyle(element);
      for (const name of DRAWN) element.setAttribute(name, computed.getPropertyValue(name));
      element.removeAttribute("class");
    }
    const paper = svgMake("rect", { x: 0, y: 0, width: "100%", height: "100%", fill: "#ffffff" });
    clone.prepend(paper);
    clone.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    clone.setAttribute("width", width);
    clone.setAttribute("height", height + legend.length * line);
    ["class", "data-x", "data-y", "tabindex"].forEach((name) => clone.removeAttribute(name));
    stage.remove();
    return new XMLSerializer().serializeToString(clone);
  };
  const savePng = (svg, name) => {
    const text = standalone(svg);
    const picture = new Image();
    picture.onload = () => {
      const canvas = make("canvas", { width: picture.width * 4, height: picture.height * 4 });
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => save(`${name}.png`, blob), "image/png");
    };
    picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  };
  const toolbar = (label, ...buttons) => make("div", { class: "tools", role: "group", "aria-label": `${label}: take it with you` }, ...buttons);

  for (const figure of document.querySelectorAll("figure[data-figure]")) {
    const name = figure.querySelector("figcaption strong").textContent.replace(/\.$/, "");
    const drawings = [...figure.querySelectorAll(".panel > svg")];
    const each = (does) => drawings.forEach((svg, position) => does(svg, `${figure.id}-${position + 1}`));
    figure.append(toolbar(name,
      button("SVG", () => each((svg, file) => save(`${file}.svg`, standalone(svg), "image/svg+xml"))),
      button("PNG", () => each(savePng)),
      button("CSV", () => save(`${figure.id}.csv`, files[figure.id].csv, "text/csv"))));
  }
  for (const table of document.querySelectorAll(".table")) {
    const { id } = table.querySelector("table");
    if (!files[id]) continue;
    const name = table.querySelector("caption strong").textContent.replace(/\.$/, "");
    const { csv, tex } = files[id];
    table.append(toolbar(name,
      button("Copy", () => copy(parseCsv(csv).map((row) => row.join("\t")).join("\n"))),
      button("CSV", () => save(`${id}.csv`, csv, "text/csv")),
      button("LaTeX", () => save(`${id}.tex`, tex, "text/x-tex"))));
  }

  // Sorting, within the groups of a table
  const valueOf = (cell) => {
    const text = cell.firstChild?.textContent.trim() ?? "";
    const number = Number.parseFloat(text.replaceAll("−", "-").replaceAll(",", "").replace(/^[<>] */, ""));
    return Number.isNaN(number) ? text : number - (text.startsWith("<") ? 1e-9 : 0);
  };
  const compare = (a, b) => {
    const kinds = [a, b].map((each) => (each === "–" || each === "" ? 2 : typeof each === "number" ? 0 : 1));
    if (kinds[0] !== kinds[1]) return kinds[0] - kinds[1];
    return kinds[0] === 1 ? a.localeCompare(b) : kinds[0] === 0 ? a - b : 0;
  };
  for (const table of document.querySelectorAll(".table table")) {
    const bodies = [...table.tBodies];
    if (!bodies.some((body) => body.querySelectorAll("tr:not(.group)").length > 1)) continue;
    const original = new Map(bodies.map((body) => [body, [...body.rows]]));
    [...table.tHead.rows].at(-1).querySelectorAll("th").forEach((head) => {
      const sorter = make("button", { type: "button", class: "sort" });
      sorter.append(...head.childNodes);
      head.append(sorter);
      sorter.addEventListener("click", () => {
        const next = { none: "ascending", ascending: "descending", descending: "none" }[head.getAttribute("aria-sort") ?? "none"];
        table.tHead.querySelectorAll("th").forEach((each) => each.removeAttribute("aria-sort"));
        if (next !== "none") head.setAttribute("aria-sort", next);
        for (const body of bodies) {
          const rows = original.get(body);
          const fixed = rows.filter((row) => row.classList.contains("group"));
          const sorted = rows.filter((row) => !row.classList.contains("group"));
          if (next !== "none") {
            const sign = next === "ascending" ? 1 : -1;
            sorted.sort((a, b) => {
              const [x, y] = [a, b].map((row) => valueOf(row.cells[head.cellIndex]));
              const empty = [x, y].map((each) => each === "–" || each === "");
              return empty[0] || empty[1] ? empty[0] - empty[1] : sign * compare(x, y);
            });
          }
          body.append(...fixed, ...sorted);
        }
        tell(next === "none" ? "In the original order" : `Sorted by ${sorter.textContent}, ${next}`);
      });
    });
  }

  // Reading values off a plot, with the pointer or the arrow keys
  const format = (text) => (text === "" || Number.isNaN(Number(text)) ? text : String(Number(Number(text).toPrecision(4))));
  const readable = (svg, figure, panel) => {
    const { header, rows } = dataOf(figure.id);
    const [x0, x1, left, right] = svg.dataset.x.split(" ").map(Number);
    const [y0, y1, base, top] = svg.dataset.y.split(" ").map(Number);
    const points = rows.filter((row) => row[0] === String(panel) && row[2] !== "" && row[3] !== "").map((row) => ({
      row,
      x: left + ((Number(row[2]) - x0) / (x1 - x0)) * (right - left),
      y: base - ((Number(row[3]) - y0) / (y1 - y0)) * (base - top),
    })).filter((point) => point.y <= base + 1 && point.y >= top - 1);
    if (!points.length) return;
    const names = [...new Set(points.map((point) => point.row[1]))];
    const group = svg.appendChild(svgMake("g", { class: "reading", visibility: "hidden" }));
    const ring = group.appendChild(svgMake("circle", { r: 5, class: "ring" }));
    const text = make("p", { class: "readout", "aria-live": "polite" });
    svg.after(text);
    const show = (point) => {
      current = point;
      group.setAttribute("visibility", "visible");
      ring.setAttribute("cx", point.x);
      ring.setAttribute("cy", point.y);
      const facts = header.slice(2).map((name, position) => [name, point.row[position + 2]]).filter(([, value]) => value !== "");
      text.textContent = `${point.row[1]}: ${facts.map(([name, value]) => `${name} ${format(value)}`).join(", ")}`;
    };
    let current = null;
    const hidden = (name) => svg.closest(".panel").querySelector(`.legend li.off[data-name="${CSS.escape(name)}"]`);
    svg.addEventListener("pointermove", (event) => {
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      let best = null;
      let nearest = 40 ** 2;
      for (const point of points) {
        const apart = (point.x - at.x) ** 2 + (point.y - at.y) ** 2;
        if (apart < nearest && !hidden(point.row[1])) [best, nearest] = [point, apart];
      }
      if (best) show(best);
    });
    svg.setAttribute("tabindex", "0");
    svg.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1, PageUp: 10, PageDown: -10 }[event.key];
      const turn = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!step && !turn && event.key !== "Escape") return;
      event.preventDefault();
      if (event.key === "Escape") { group.setAttribute("visibility", "hidden"); text.textContent = ""; current = null; return; }
      let name = current ? current.row[1] : names[0];
      if (turn) name = names[(names.indexOf(name) + turn + names.length) % names.length];
      const line = points.filter((point) => point.row[1] === name);
      const place = current && !turn ? line.indexOf(current) + step : 0;
      show(line[Math.max(0, Math.min(line.length - 1, place))]);
    });
  };
  for (const figure of document.querySelectorAll("figure[data-figure]")) {
    [...figure.querySelectorAll(".panel")].forEach((panel, position) => {
      const svg = panel.querySelector("svg.plot[data-x]");
      if (svg) readable(svg, figure, position);
      panel.querySelectorAll(".legend li").forEach((item) => {
        const name = item.querySelector(".name").textContent;
        item.dataset.name = name;
        const toggle = make("button", { type: "button", "aria-pressed": "true", title: "Show or hide" });
        toggle.append(...item.childNodes);
        item.append(toggle);
        toggle.addEventListener("click", () => {
          const off = item.classList.toggle("off");
          toggle.setAttribute("aria-pressed", String(!off));
          svg.querySelectorAll(`[data-series="${item.dataset.series}"]`).forEach((each) => { each.style.display = off ? "none" : ""; });
        });
      });
    });
  }

  // Every threshold
  const share = (count, of) => (of ? (count / of).toFixed(3) : "–");
  const atPrevalence = (sensitivity, specificity, prevalence) => {
    const positive = sensitivity * prevalence + (1 - specificity) * (1 - prevalence);
    const negative = (1 - sensitivity) * prevalence + specificity * (1 - prevalence);
    return [
      positive ? ((sensitivity * prevalence) / positive).toFixed(3) : "–",
      negative ? ((specificity * (1 - prevalence)) / negative).toFixed(3) : "–",
    ];
  };
  const explore = (place, explorer) => {
    const { header, rows } = dataOf(explorer.dataset.figureId);
    const column = Object.fromEntries(header.map((name, position) => [name, position]));
    const { arm, panel, threshold } = place.dataset;
    const [positives, negatives] = [Number(place.dataset.positives), Number(place.dataset.negatives)];
    const curve = rows.filter((row) => row[0] === panel && row[1].replace(/^'/, "") === arm && row[3] !== "").map((row) => ({
      threshold: row[column.threshold] === "" ? null : Number(row[column.threshold]),
      tp: Number(row[column["true positives"]]),
      fp: Number(row[column["false positives"]]),
    }));
    if (!curve.length) return;
    // The frozen threshold calls what scores at least as much: the last point not below it, as far as seven digits tell.
    const least = Number(threshold) - 6e-7 * Math.abs(Number(threshold));
    const frozen = threshold === "" ? 0 : curve.findLastIndex((point) => point.threshold === null || point.threshold >= least);
    const id = `slider-${explorer.id}-${panel}-${[...place.parentNode.children].indexOf(place)}`;
    const slider = make("input", { type: "range", id, min: 0, max: curve.length - 1, step: 1, value: frozen });
    const label = make("label", { for: id, dir: "auto" }, arm);
    const cells = ["tp", "fn", "fp", "tn"].map((name) => make("td", { class: name[0] === "t" ? "right" : "wrong", "data-cell": name }));
    const matrix = make("table", { class: "matrix" }, make("caption", { class: "hidden" }, `${arm} at the chosen threshold`),
      make("thead", {}, make("tr", {}, make("td"), make("th", { scope: "col" }, "called positive"), make("th", { scope: "col" }, "called negative"))),
      make("tbody", {}, make("tr", {}, make("th", { scope: "row" }, "labelled positive"), cells[0], cells[1]),
        make("tr", {}, make("th", { scope: "row" }, "labelled negative"), cells[2], cells[3])));
    const measures = make("dl", { class: "measures" });
    const reset = button("Frozen threshold", () => { slider.value = frozen; show(); });
    const prevalences = explorer.dataset.prevalences.split(" ").filter(Boolean).map(Number);
    const measure = (name, value) => make("div", {}, make("dt", {}, name), make("dd", {}, value));
    const figure = document.getElementById(explorer.dataset.figureId);
    const drawing = figure.querySelectorAll(".panel")[Number(panel)]?.querySelector("svg");
    const legend = [...(drawing?.parentNode.querySelectorAll(".legend li") ?? [])].find((item) => item.dataset.name === arm);
    const marks = legend ? drawing.querySelectorAll(`[data-series="${legend.dataset.series}"] .mark`) : [];
    const show = () => {
      const { threshold: cut, tp, fp } = curve[Number(slider.value)];
      const [fn, tn] = [positives - tp, negatives - fp];
      const name = cut === null ? "above every score" : cut.toPrecision(4);
      slider.setAttribute("aria-valuetext", `threshold ${name}, sensitivity ${share(tp, positives)}, specificity ${share(tn, negatives)}`);
      [tp, fn, fp, tn].forEach((count, position) => { cells[position].textContent = count.toLocaleString("en"); });
      measures.replaceChildren(
        measure("Threshold", name), measure("Sensitivity", share(tp, positives)), measure("Specificity", share(tn, negatives)),
        measure("PPV", share(tp, tp + fp)), measure("NPV", share(tn, tn + fn)),
        ...prevalences.flatMap((prevalence) => {
          const [ppv, npv] = atPrevalence(tp / positives, tn / negatives, prevalence);
          return [measure(`PPV at prevalence ${prevalence}`, ppv), measure(`NPV at prevalence ${prevalence}`, npv)];
        }));
      reset.disabled = Number(slider.value) === frozen;
      if (marks.length && drawing.dataset.x) {
        const [, , left, right] = drawing.dataset.x.split(" ").map(Number);
        const [, , base, top] = drawing.dataset.y.split(" ").map(Number);
        const [x, y] = [left + (fp / negatives) * (right - left), base - (tp / positives) * (base - top)];
        marks.forEach((mark) => mark.setAttribute("transform", `translate(${x} ${y})`));
      }
    };
    slider.addEventListener("input", show);
    place.append(label, slider, reset, matrix, measures);
    show();
  };
  for (const explorer of document.querySelectorAll(".explorer")) {
    explorer.querySelectorAll(".explorer-arm").forEach((place) => explore(place, explorer));
    explorer.hidden = false;
  }

  // Contents that follow
  const links = new Map([...document.querySelectorAll("nav a[href^='#']")].map((link) => [link.getAttribute("href").slice(1), link]));
  const sections = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
  let waiting = false;
  const follow = () => {
    waiting = false;
    const reached = sections.findLast((section) => section.getBoundingClientRect().top < innerHeight / 3) ?? sections[0];
    links.forEach((link, id) => (id === reached?.id ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current")));
  };
  addEventListener("scroll", () => { if (!waiting) { waiting = true; requestAnimationFrame(follow); } }, { passive: true });
  follow();
})();
