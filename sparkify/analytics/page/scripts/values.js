// How values are written, in tables and in files.

const written = digits => new Intl.NumberFormat("en-US", {
  minimumFractionDigits: digits, maximumFractionDigits: digits, roundingMode: "halfEven",
});
const WHOLE = written(0), TENTH = written(1);
const SMALLEST_SHARE = 0.001;

/** A value as people read it; its kind is "text", "int", "float" or "share". */
function shown(value, kind) {
  if (value === null) return "–";
  if (kind === "int") return WHOLE.format(value);
  if (kind === "float") return TENTH.format(value);
  if (kind !== "share") return String(value);
  return value > 0 && value < SMALLEST_SHARE ? "<0.1%" : `${TENTH.format(value * 100)}%`;
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
