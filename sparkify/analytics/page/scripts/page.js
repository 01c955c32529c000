// The page: charts, tables, the range of days, and the theme.

const data = JSON.parse(document.getElementById("data").textContent);
const answers = Object.entries(data.answers);
const root = document.documentElement;
const PRINTED = 660;  // pixels; the width of a chart on paper
const OPTIONS = {
  ast: true, actions: false, renderer: "svg", defaultStyle: false,
  tooltip: {disableDefaultStyle: true},
};

/** Replaces the still image of an answer by a chart. */
async function draw(name, answer) {
  const figure = document.querySelector(`#${name} .figure`);
  const place = element("div", {class: "live", "aria-hidden": "true"});
  figure.append(place);
  const rows = objects(answer.columns, answer.rows);
  const {view} = await vegaEmbed(place, {...answer.chart, datasets: {rows}}, OPTIONS);
  figure.querySelector(".still").remove();
  answer.view = view;
}

/** Adds what a table can do. */
function equip(name, answer) {
  const values = document.querySelector(`#${name} .values`);
  if (!values) return;
  const table = values.querySelector("table"), title = table.caption.textContent;
  answer.body = table.tBodies[0];
  answer.shown = answer.rows;
  number(answer.body, answer.rows);
  answer.arrangements = [sortable(table)];
  if (answer.rows.length > SEARCHED) answer.arrangements.push(searchable(table, title));
  const button = element("button", {type: "button", class: "csv", "aria-label": `CSV: ${title}`}, "CSV");
  button.addEventListener("click", () => download(`${name}.csv`, csv(answer, answer.shown)));
  document.querySelector(`#${name} h3`).before(button);
}

/** Shows the figures of the chosen days. */
async function filter(form) {
  const day = name => form.elements[name].value || data[name];
  let [from, to] = [day("first"), day("last")];
  if (from > to) [from, to] = [to, from];
  for (const [name, answer] of answers.filter(([, each]) => each.filtered)) {
    answer.shown = rowsOfRange(answer, from, to);
    fill(answer.body, answer, answer.shown);
    answer.arrangements.forEach(arrange => arrange());
    document.querySelector(`#${name} time`).textContent = `${from} to ${to}`;
    await answer.view?.data("rows", objects(answer.columns, answer.shown)).runAsync();
  }
  const days = daysBetween(from, to);
  const plays = [...addedUp([], days).values()][0][0];
  form.querySelector("output").textContent = `${WHOLE.format(plays)} plays, ${WHOLE.format(days.length)} days`;
}

/** Makes the choice of days work. */
function choose(form) {
  form.hidden = false;
  form.addEventListener("change", () => filter(form));
  form.addEventListener("submit", event => event.preventDefault());
  for (const button of form.querySelectorAll("button")) {
    button.addEventListener("click", () => {
      const days = Number(button.value) || Infinity;
      const from = Math.max(Date.parse(data.last) - (days - 1) * DAY, Date.parse(data.first));
      form.elements.first.value = new Date(from).toISOString().slice(0, 10);
      form.elements.last.value = data.last;
      filter(form);
    });
  }
}

/** Makes the button for light and dark work. */
function themed(button) {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
  const name = () => { button.textContent = isDark() ? "Light" : "Dark"; };
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    name();
  });
  dark.addEventListener("change", name);
  name();
}

// on paper, charts are as wide as the paper
addEventListener("beforeprint", () => answers.forEach(([, {view}]) => view?.width(PRINTED).run()));
addEventListener("afterprint", () => dispatchEvent(new Event("resize")));

themed(document.getElementById("theme"));
answers.forEach(([name, answer]) => equip(name, answer));
Promise.all(answers.filter(([, {chart}]) => chart).map(([name, answer]) => draw(name, answer)))
  .then(() => {
    const form = document.getElementById("range");
    if (form) choose(form);
    root.dataset.ready = "yes";
  });
