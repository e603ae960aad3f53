// What a page can do beyond being read; without it all is there, one below the other. A module: strict, without globals.
// Names are hostile: they become text here, never markup. Only ASCII: the policy names the hash of these bytes.
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const tidy = (text) => text.replace(/\s+/g, ' ').trim();
const make = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
};
const makeButton = (act, attributes, ...children) => {
  const button = make('button', { type: 'button', ...attributes }, ...children);
  button.addEventListener('click', act);
  return button;
};

// A cell in parts; `small` is what stands below its value.
const read = (cell) => {
  const copy = cell.cloneNode(true);
  const small = all('small', copy).map((node) => (node.remove(), tidy(node.textContent))).join(' ');
  return { text: tidy(copy.textContent), small, isBest: copy.querySelector('strong[title]') !== null };
};
const isMissing = (text) => /^[-\u2013]?$/.test(text);
const isNumeric = (texts) => !texts.every(isMissing) && texts.every((text) => isMissing(text) || number(text) !== null);

// The main number of `0.126 [0.112, 0.140]`, `<0.001`, `6,000`, `12.5 s`; null for what only starts like one: a date, a hash.
const PER_MS = { s: 1e3, min: 6e4, h: 3.6e6 };
const NUMBER =
  /^([[(<>~]?)\s*([-+]?(?=[.\d])(?:\d{1,3}(?:,\d{3})+|\d*)(?:\.\d+)?(?:e[-+]?\d+)?)(?=$|[\s%,;\])(/\u00b1\u2013\u00d7])(?: (s|min|h)(?!\w))?/i;
function number(text) {
  const found = NUMBER.exec(text.replace(/\u2212/g, '-'));
  if (!found) return null;
  const value = Number(found[2].replace(/,/g, '')) * (PER_MS[found[3]] || 1);
  return found[1] === '<' ? value * (1 - 1e-9) : value;
}

// One click: better first; two: the other way; three: the page's own order.
const collator = new Intl.Collator('en', { numeric: true });
function makeSortable(table) {
  const body = table.tBodies[0];
  const original = [...body.rows];
  if (original.length < 2) return;
  const heads = all('thead th', table);
  const sort = (head) => {
    const texts = new Map(original.map((row) => [row, read(row.cells[head.cellIndex]).text]));
    const byNumber = isNumeric([...texts.values()]);
    const ways = ['ascending', 'descending'];
    if (byNumber && !head.textContent.includes('\u2193')) ways.reverse();
    const way = ways[ways.indexOf(head.getAttribute('aria-sort')) + 1];
    const compare = (a, b) => {
      const [x, y] = [texts.get(a), texts.get(b)];
      if (isMissing(x) || isMissing(y)) return isMissing(x) - isMissing(y);
      return (byNumber ? number(x) - number(y) : collator.compare(x, y)) * (way === 'ascending' ? 1 : -1);
    };
    for (const other of heads) other.removeAttribute('aria-sort');
    if (way) head.setAttribute('aria-sort', way);
    table.classList.toggle('sorted', Boolean(way));
    body.append(...(way ? [...original].sort(compare) : original));
  };
  for (const head of heads) head.append(makeButton(() => sort(head), { class: 'sort' }, ...head.childNodes));
}

// A box filters the arms of all tables and figures; a legend takes single ones away.
const colorOf = (row) => row.querySelector('.arm i').style.getPropertyValue('--arm').trim();
// Rows of the page over all pages, by what they say and by data set.
function makeListFilter(main) {
  const rows = all('table.list tbody tr').map((row) => ({ row, of: row.dataset.dataset, text: tidy(row.textContent).toLowerCase() }));
  if (rows.length < 2) return;
  const box = make('input', { type: 'search', id: 'filter' });
  const option = (name, value) => make('option', { value }, name);
  const names = [...new Set(rows.map(({ of }) => of))].sort(collator.compare);
  const choice = make('select', { id: 'dataset' }, option('all data sets', ''), ...names.map((name) => option(name, `=${name}`)));
  const count = make('span', { role: 'status', class: 'count' });
  const show = () => {
    const words = box.value.toLowerCase().split(/\s+/);
    let n = 0;
    for (const { row, of, text } of rows) {
      row.hidden = !(words.every((word) => text.includes(word)) && ['', `=${of}`].includes(choice.value));
      n += !row.hidden;
    }
    count.textContent = n === rows.length ? '' : `${n} of ${rows.length} rows shown`;
  };
  box.addEventListener('input', show);
  choice.addEventListener('change', show);
  main.prepend(make('div', { class: 'controls' }, make('label', { for: 'filter' }, 'Filter'), box, make('label', { for: 'dataset' }, 'on'), choice, count));
}

function makeFilter(main) {
  const arms = new Map();
  for (const row of all('tr[data-arm]')) {
    const { arm } = row.dataset;
    if (!arms.has(arm)) arms.set(arm, { rows: [], isOff: false, color: colorOf(row), text: tidy(row.cells[0].textContent).toLowerCase() });
    arms.get(arm).rows.push(row);
  }
  if (arms.size < 2) return;
  const box = make('input', { type: 'search', id: 'filter' });
  const count = make('span', { role: 'status', class: 'count' });
  const show = () => {
    const words = box.value.toLowerCase().split(/\s+/);
    let n = 0;
    for (const arm of arms.values()) {
      const isShown = !arm.isOff && words.every((word) => arm.text.includes(word));
      n += isShown;
      for (const row of arm.rows) row.hidden = !isShown;
      for (const mark of arm.marks) mark.classList.toggle('gone', !isShown);
      arm.button.setAttribute('aria-pressed', !arm.isOff);
    }
    reset.hidden = n === arms.size;
    count.textContent = reset.hidden ? '' : `${n} of ${arms.size} arms shown`;
  };
  const reset = makeButton(() => {
    for (const arm of arms.values()) arm.isOff = false;
    box.value = '';
    show();
    box.focus();
  }, { class: 'reset' }, 'Show all');
  const legend = make('div', { role: 'group', 'aria-label': 'Arms shown', class: 'legend' });
  for (const [name, arm] of arms) {
    const isAlone = [...arms.values()].filter(({ color }) => color === arm.color).length === 1;
    arm.marks = isAlone ? [...marksOf(arm.color), ...notesOf(name)] : [];
    arm.button = makeButton(() => {
      arm.isOff = !arm.isOff;
      show();
    }, { class: 'arm', title: name }, arm.rows[0].querySelector('.arm i').cloneNode(), make('span', {}, name));
    legend.append(arm.button);
  }
  box.addEventListener('input', show);
  main.prepend(make('div', { class: 'controls' }, make('label', { for: 'filter' }, 'Filter arms'), box, legend, reset, count));
  show();
}

// Leaderboards at another cutoff: they stand folded at the end, and one changes places with the table of its slot, on all protocols together.
function makeCutoffs(main) {
  const tables = all('figure[data-k]', main);
  const firsts = tables.filter((table) => !table.closest('details'));
  const swaps = firsts.map((first) => {
    const isOther = (table) => table !== first && table.dataset.slot === first.dataset.slot && table.closest('section') === first.closest('section');
    return { first, others: tables.filter(isOther), shown: first };
  });
  const own = firsts[0]?.dataset.k;
  const ks = [...new Set(tables.map(({ dataset }) => dataset.k))].filter((k) => k !== own).sort((a, b) => a - b);
  if (ks.length === 0) return;
  const exchange = (a, b) => {
    const mark = new Comment();
    a.replaceWith(mark);
    b.replaceWith(a);
    mark.replaceWith(b);
  };
  const show = (k) => {
    for (const swap of swaps) {
      // Home first, so that those that are put away stay in their order.
      if (swap.shown !== swap.first) exchange(swap.shown, swap.first);
      swap.shown = swap.others.find(({ dataset }) => dataset.k === k) || swap.first;
      if (swap.shown !== swap.first) exchange(swap.shown, swap.first);
    }
  };
  // Browsers put back what was chosen before a reload, but not what that had done.
  const choice = make('select', { id: 'cutoff', autocomplete: 'off' }, ...[own, ...ks].map((k) => make('option', { value: k }, `k = ${k}`)));
  choice.addEventListener('change', () => show(choice.value));
  const label = make('label', { for: 'cutoff' }, 'Leaderboards at');
  const controls = main.querySelector('.controls');
  if (controls) controls.prepend(label, choice);
  else main.prepend(make('div', { class: 'controls' }, label, choice));
}

// What figures say of an arm when they are pointed at begins with its name.
const notesOf = (name) => all('svg .note').filter(({ textContent: text }) => text.startsWith(name) && /^(:| at|,) /.test(text.slice(name.length)));

// Figures know arms by color only. A circle at a dot's place is its rim or hollow, texts beside it are its name and value.
function marksOf(color) {
  const found = new Set();
  const same = (a, b, names) => names.every((name) => a.getAttribute(name) === b.getAttribute(name));
  const isAt = (node, dot) => node?.tagName === 'circle' && same(node, dot, ['cx', 'cy']);
  for (const svg of all('section[id^="protocol-"] svg.figure')) {
    for (const mark of all(`[fill="${color}"], [stroke="${color}"]`, svg)) {
      found.add(mark);
      if (mark.tagName !== 'circle') continue;
      const [before, after] = [mark.previousElementSibling, mark.nextElementSibling];
      for (const circle of [before, after]) if (isAt(circle, mark)) found.add(circle);
      const label = isAt(after, mark) ? after.nextElementSibling : after;
      if (label?.tagName !== 'text') continue;
      for (const text of all('text', svg)) if (same(text, label, ['y', 'fill'])) found.add(text);
    }
  }
  return found;
}

// One protocol at a time; the address says which, printing shows all.
function makeTabs(main) {
  const panels = all('section[id^="protocol-"]', main);
  if (panels.length < 2) return;
  const select = (chosen) => panels.forEach((panel, at) => {
    const is = at === chosen;
    panel.classList.toggle('away', !is);
    tabs[at].setAttribute('aria-selected', is);
    tabs[at].tabIndex = is ? 0 : -1;
  });
  const go = (at) => {
    select(at);
    history.replaceState(null, '', `#${panels[at].id}`);
  };
  const tabs = panels.map((panel, at) => {
    panel.setAttribute('role', 'tabpanel');
    panel.setAttribute('aria-labelledby', `tab-${at}`);
    return makeButton(() => go(at), { role: 'tab', id: `tab-${at}`, 'aria-controls': panel.id }, panel.dataset.name);
  });
  const list = make('div', { role: 'tablist', 'aria-label': 'Protocols', class: 'tabs' }, ...tabs);
  list.addEventListener('keydown', (event) => {
    const at = tabs.indexOf(event.target);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: -1 }[event.key];
    if (to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const next = (to + tabs.length) % tabs.length;
    go(next);
    tabs[next].focus();
  });
  const reveal = (hash) => {
    const place = hash && document.getElementById(hash.slice(1));
    const at = panels.findIndex((panel) => panel.contains(place || null));
    if (at >= 0) select(at);
  };
  // Before the browser scrolls there: it does not to what is away.
  document.addEventListener('click', (event) => reveal(event.target.closest('a[href^="#"]')?.hash));
  addEventListener('hashchange', () => reveal(location.hash));
  main.prepend(list);
  select(0);
  reveal(location.hash);
}

// Rows as shown, the head first, without columns of bars.
function matrix(table) {
  const rows = [table.tHead.rows[0], ...table.tBodies[0].rows].filter((row) => !row.hidden);
  return rows.map((row) => [...row.cells].filter((cell) => !cell.matches('thead td, td.bar')).map(read));
}
const isNumbers = (cells) => cells[0].map((_, column) => isNumeric(cells.slice(1).map((row) => row[column].text)));
const inOne = ({ text, small, isBest }, escape, bold) => {
  const below = small && ` ${escape(/^\[/.test(small) ? small : `(${small})`)}`;
  return (isBest ? bold(escape(text)) : escape(text)) + below;
};

function markdown(cells) {
  const escape = (text) => text.replace(/[\\`*_<>|&~$]|\[(?![-+\u2212\d])/g, '\\$&');
  const line = (texts) => `| ${texts.join(' | ')} |`;
  const [head, ...rows] = cells.map((row) => line(row.map((cell) => inOne(cell, escape, (text) => `**${text}**`))));
  return [head, line(isNumbers(cells).map((is) => (is ? '---:' : ':---'))), ...rows].join('\n');
}

const TEX = { '\\': 'backslash', '~': 'sim', '^': 'wedge', '<': '<', '>': '>', '|': 'mid', '\u2212': '-', '\u2191': 'uparrow', '\u2193': 'downarrow', '\u03c4': 'tau' };
function latex(cells, label) {
  const escape = (text) => text.replace(/[^\w\s]|_/g, (c) => (c === '\u2013' ? '--' : TEX[c] ? `$${TEX[c].replace(/^(?=\w)/, '\\')}$` : /[&%$#_{}]/.test(c) ? `\\${c}` : c));
  // A bracket that opens a row would be read as an option of the line break before it.
  const show = (cell) => inOne(cell, escape, (text) => `\\textbf{${text}}`).replace(/^\[/, '{}[');
  const [head, ...rows] = cells.map((row) => `${row.map(show).join(' & ')} \\\\`);
  const columns = isNumbers(cells).map((is) => (is ? 'r' : 'l')).join('');
  return [`% ${label}; needs booktabs`, `\\begin{tabular}{${columns}}`, '\\toprule', head, '\\midrule', ...rows, '\\bottomrule', '\\end{tabular}'].join('\n');
}

// For programs: bare numbers, nothing where one is missing, ends of intervals in columns of their own.
function csv(cells) {
  const bare = (text) => (isMissing(text) ? '' : /^[-+\u2212]?[\d,.]+$/.test(text) ? text.replace(/,/g, '').replace('\u2212', '-') : text);
  const ends = (small) => (/^\[?([-+\u2212]?[\d.,]*\d)(?:, | to |\u2013)([-+\u2212]?[\d.,]*\d)\]?$/.exec(small) || []).slice(1).map(bare);
  const quote = (text) => {
    // Spreadsheets run what starts like a formula.
    const safe = /^[=+@-]/.test(text) && !/^[-+][\d.e-]+( %)?$/.test(text) ? `'${text}` : text;
    return /[",]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
  };
  const [head, ...rows] = cells;
  const columns = head.flatMap(({ text, small }, at) => {
    const name = tidy(text.replace(/[\u2191\u2193]/g, ''));
    const below = rows.map((row) => row[at].small);
    const column = [name + (small && ` (${small})`), ...rows.map((row) => bare(row[at].text))];
    if (!below.some(Boolean)) return [column];
    if (!below.every((range) => !range || ends(range).length)) return [column, [`${name} note`, ...below]];
    return [column, ...['lower', 'upper'].map((end, i) => [`${name} ${end}`, ...below.map((range) => ends(range)[i] || '')])];
  });
  return cells.map((_, row) => columns.map((column) => quote(column[row])).join(',')).join('\n');
}

function makeCopies(table) {
  const label = tidy(table.getAttribute('aria-label') || '');
  const note = make('span', { role: 'status' });
  const copy = async (name, format) => {
    const text = format(matrix(table), label);
    for (const old of all('textarea', bar)) old.remove();
    try {
      await navigator.clipboard.writeText(text);
      note.textContent = `${name} copied`;
    } catch {
      const area = make('textarea', { readonly: '', rows: '6', 'aria-label': `${label} as ${name}` }, text);
      bar.append(area);
      area.select();
      note.textContent = 'No clipboard here: copy the selected text';
    }
  };
  const buttons = Object.entries({ Markdown: markdown, LaTeX: latex, CSV: csv }).map(([name, format]) => makeButton(() => copy(name, format), {}, name));
  const bar = make('div', { role: 'group', 'aria-label': `Copy: ${label}`, class: 'copy' }, 'Copy as', ...buttons, note);
  table.closest('figure').append(bar);
}

const main = document.querySelector('main');
for (const table of all('main figure table')) {
  makeSortable(table);
  makeCopies(table);
}
makeFilter(main);
makeCutoffs(main);
makeListFilter(main);
makeTabs(main);
