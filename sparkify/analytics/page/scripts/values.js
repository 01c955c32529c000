// How values are written, in tables and in files.

const WHOLE = new Intl.NumberFormat("en-US", {maximumFractionDigits: 0});
const SMALLEST_SHARE = 0.001;

/** A number with one decimal, rounded as Python does it: from its exact value, halves to even. */
function tenths(value) {
  const text = value % 1 === 0.25 ? `${Math.floor(value)}.2` : value.toFixed(1);
  const [whole, decimal] = text.split(".");
  return `${WHOLE.format(whole)}.${decimal}`;
}

/** A value as people read it; its kind is "text", "int", "float" or "share". */
function shown(value, kind) {
  if (value === null) return "–";
  if (kind === "int") return WHOLE.format(value);
  if (kind === "float") return tenths(value);
  if (kind !== "share") return String(value);
  return value > 0 && value < SMALLEST_SHARE ? "<0.1%" : `${tenths(value * 100)}%`;
}

/** Rows as CSV, with the names of the columns first: the text that `sparkify ask --csv` writes. */
function csv(answer, rows) {
  const field = (value, kind) => {
    const whole = kind !== "int" && Number.isInteger(value) && kind !== "text";
    const text = value === null ? "" : whole ? value.toFixed(1) : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = [answer.columns.map(name => field(name, "text"))];
  lines.push(...rows.map(row => row.map((value, index) => field(value, answer.kinds[index]))));
  return lines.map(line => `${line.join(",")}\n`).join("");
}

/** Compares two values of a column: numbers by size, text by its alphabet, nothing last. */
function compared(one, other) {
  if (one === null || other === null) return (one === null) - (other === null);
  if (typeof one === "number" && typeof other === "number") return one - other;
  return String(one).localeCompare(String(other), "en", {numeric: true});
}

/** Rows as objects, which is what a chart takes. */
function objects(columns, rows) {
  return rows.map(row => Object.fromEntries(columns.map((name, index) => [name, row[index]])));
}
