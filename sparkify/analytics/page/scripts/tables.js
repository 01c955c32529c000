// Tables: sorting, searching, and their rows as a CSV file.

const SEARCHED = 10;  // rows; a longer table can be searched

/** An element with attributes and content. */
function element(name, attributes = {}, ...content) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...content);
  return made;
}

/** The cell of a value; that of the measure has a bar, 0 to 1. */
function cell(text, kind, bar) {
  if (bar === null) return element("td", kind === "text" ? {class: "date"} : {class: "number"}, text);
  const drawn = element("b", {}, element("i", {class: `b${Math.round(bar * 100)}`}));
  return element("td", {class: "measured"}, element("div", {}, element("span", {class: "n8"}, text), drawn));
}

/** Tells the lines of a table which row each of them shows, and in which place. */
function number(body, rows) {
  [...body.rows].forEach((line, place) => Object.assign(line, {values: rows[place], place}));
}

/** Shows other rows in the table of an answer. */
function fill(body, answer, rows) {
  const measured = answer.columns.indexOf(answer.measure);
  const longest = Math.max(...rows.map(row => row[measured] ?? 0), 0) || 1;
  body.replaceChildren(...rows.map(row => {
    const cells = row.map((value, index) => {
      const bar = index === measured ? (value ?? 0) / longest : null;
      return cell(shown(value, answer.kinds[index]), answer.kinds[index], bar);
    });
    return element("tr", {}, ...cells);
  }));
  number(body, rows);
}

/** Makes the titles of the columns buttons: ascending, descending, as it was. */
function sortable(table) {
  const body = table.tBodies[0], titles = [...table.tHead.rows[0].cells];
  const orders = [["ascending", 1], ["descending", -1], ["none", 0]];
  const arrange = () => {
    const index = titles.findIndex(title => title.hasAttribute("aria-sort"));
    const order = index < 0 ? "none" : titles[index].getAttribute("aria-sort");
    const [, sign] = orders.find(([name]) => name === order);
    const value = line => (sign ? line.values[index] : line.place);
    body.append(...[...body.rows].sort((one, other) => {
      const missing = (value(one) === null) - (value(other) === null);
      return missing || (sign || 1) * compared(value(one), value(other));
    }));
  };
  for (const title of titles) {
    const button = element("button", {type: "button"}, ...title.childNodes);
    title.replaceChildren(button);
    button.addEventListener("click", () => {
      const last = title.getAttribute("aria-sort") ?? "none";
      const next = (orders.findIndex(([name]) => name === last) + 1) % orders.length;
      titles.forEach(each => each.removeAttribute("aria-sort"));
      if (orders[next][1]) title.setAttribute("aria-sort", orders[next][0]);
      arrange();
    });
  }
  return arrange;
}

/** Adds a field that hides the rows without a text. */
function searchable(table, title) {
  const found = element("output");
  const field = element("input", {type: "search", placeholder: "Search", "aria-label": `Search: ${title}`});
  const arrange = () => {
    const text = field.value.trim().toLowerCase();
    const lines = [...table.tBodies[0].rows];
    for (const line of lines) line.hidden = !line.textContent.toLowerCase().includes(text);
    const left = lines.filter(line => !line.hidden).length;
    found.textContent = text ? `${left} of ${lines.length} rows` : "";
  };
  field.addEventListener("input", arrange);
  table.parentElement.before(element("div", {class: "tools"}, field, found));
  return arrange;
}

/** Offers text as a file. */
function download(name, text) {
  const link = element("a", {download: name});
  link.href = URL.createObjectURL(new Blob([text], {type: "text/csv"}));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
