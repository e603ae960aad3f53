// Opens report pages in Chromium and uses them as a reader does: node check.mjs PAGE.html…
// Every page at two widths in two themes, then without JavaScript, then in print. Exit 1 with a list of what does not hold.
import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium';
const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const WIDTHS = [1280, 390];
const THEMES = ['light', 'dark'];
// REXP_BROWSER=few: each width in one theme, for those who cannot wait.
const isAsked = (width, theme) => process.env.REXP_BROWSER !== 'few' || (width > 600) === (theme === 'light');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const pictures = process.env.REXP_SCREENSHOTS || mkdtempSync(join(tmpdir(), 'rexp-pages-'));
mkdirSync(pictures, { recursive: true });

const problems = [];
const taken = [];
let nChecks = 0;

// One page in one setting: what is expected of it is counted, what fails is listed.
class Visit {
  constructor(page, where) {
    this.page = page;
    this.where = where;
  }
  expect(holds, what) {
    nChecks += 1;
    if (!holds) problems.push(`${this.where}: ${what}`);
  }
  async picture(name, fullPage = false) {
    const path = join(pictures, `${this.where.replace(/[^\w-]+/g, '-')}-${name}.png`);
    await this.page.screenshot({ path, fullPage });
    taken.push(path);
  }
}

async function visit(browser, file, { width, theme, javaScript = true, clipboard = true }, use) {
  const kind = javaScript ? theme : `${theme} without JavaScript`;
  const context = await browser.newContext({
    viewport: { width, height: width > 600 ? 800 : 844 }, colorScheme: theme, javaScriptEnabled: javaScript, reducedMotion: 'reduce',
  });
  if (clipboard) await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const page = await context.newPage();
  const at = new Visit(page, `${basename(dirname(file))}/${basename(file)} ${width} ${kind}`);
  const said = [];
  const outside = [];
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && said.push(message.text()));
  page.on('pageerror', (error) => said.push(error.message));
  page.on('request', (request) => /^(file|data):/.test(request.url()) || outside.push(request.url()));
  page.on('dialog', (dialog) => (said.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
  await page.goto(pathToFileURL(file).href);
  await use(at, page);
  at.expect(said.length === 0, `the console says ${said.join(' | ')}`);
  at.expect(outside.length === 0, `it asks for ${outside.join(', ')}`);
  await context.close();
}

async function widths(at, page, when) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  at.expect(content <= window, `${when}: ${content} px of content in ${window} px`);
}

async function accessible(at, page, when, within = 'html') {
  // Injected by the debugger, which the page's policy does not bind; the policy itself is checked by what the page's own script can do.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate((part) => globalThis.axe.run(part, { resultTypes: ['violations'] }), within);
  for (const { id, impact, nodes } of violations.filter(({ impact }) => ['serious', 'critical'].includes(impact))) {
    at.expect(false, `${when}: axe ${impact} ${id}: ${nodes.slice(0, 3).map((node) => `${node.target.join(' ')} (${node.any.map((one) => one.message).join('; ')})`).join(', ')}`);
  }
  at.expect(true, '');
}

// What stands below a value is not read with it.
const column = (table, index) => table.evaluate((node, at) => [...node.tBodies[0].rows].map((row) => {
  const cell = row.cells[at].cloneNode(true);
  for (const small of cell.querySelectorAll('small')) small.remove();
  return cell.textContent.trim();
}), index);
const leading = (text) => Number.parseFloat(text.replace('\u2212', '-').replace(/,/g, ''));

async function sorting(at, page, most) {
  const tables = await page.locator('main figure table').all();
  const sortable = [];
  for (const table of tables) {
    const n = await table.evaluate((node) => node.tBodies[0].rows.length);
    const heads = await table.locator('thead th').count();
    at.expect((await table.locator('thead th button.sort').count()) === (n > 1 ? heads : 0), 'a head without its button, or a table of one row with one');
    if (n > 1 && (await table.isVisible())) sortable.push(table);
  }
  // A store with one run and one comparison has nothing to sort on the page over all pages.
  if (sortable.length === 0) return;
  let changed = 0;
  for (const table of sortable.slice(0, most)) {
    const heads = await table.locator('thead th').all();
    const last = heads.length - 1;
    const before = await column(table, last);
    const button = heads[last].locator('button');
    await button.click();
    const way = await heads[last].getAttribute('aria-sort');
    const first = await column(table, last);
    at.expect(way === 'descending' || way === 'ascending', 'a click does not set aria-sort');
    await button.focus();
    await page.keyboard.press('Enter');
    const second = await column(table, last);
    const other = way === 'descending' ? 'ascending' : 'descending';
    at.expect((await heads[last].getAttribute('aria-sort')) === other, 'the keyboard does not turn the order round');
    for (const [texts, sense] of [[first, way], [second, other]]) {
      const known = texts.filter((text) => text && text !== '\u2013');
      at.expect(texts.slice(0, known.length).join() === known.join(), `missing values are not last: ${texts}`);
      const numbers = known.map(leading);
      if (numbers.some(Number.isNaN) || known.some((text) => / (ms|s|min)$|^\d+[a-z-]/.test(text))) continue;
      at.expect(numbers.every((n, i) => i === 0 || (sense === 'ascending' ? numbers[i - 1] <= n : numbers[i - 1] >= n)), `not ${sense}: ${numbers}`);
    }
    if (first.join() !== second.join()) changed += 1;
    await button.click();
    at.expect((await column(table, last)).join() === before.join(), "the third click does not bring the page's order back");
    at.expect((await heads[last].getAttribute('aria-sort')) === null, 'aria-sort stays in the page\'s own order');
  }
  at.expect(changed > 0, 'sorting never changes an order');
}

async function filtering(at, page) {
  const rows = page.locator('tr[data-arm]');
  if ((await rows.count()) === 0) return;
  const names = [...new Set(await rows.evaluateAll((all) => all.map((row) => row.dataset.arm)))];
  if (names.length < 2) return;
  const shown = async () => new Set(await rows.evaluateAll((all) => all.filter((row) => !row.hidden).map((row) => row.dataset.arm)));
  const box = page.getByLabel('Filter arms');
  const count = page.locator('.controls [role=status]');
  await box.fill(names[0]);
  const left = await shown();
  at.expect(left.has(names[0]) && left.size < names.length, `the filter ${names[0]} shows ${left.size} of ${names.length}`);
  at.expect((await count.textContent()) === `${left.size} of ${names.length} arms shown`, 'the count is wrong');
  await box.fill('no arm is called this');
  at.expect((await shown()).size === 0, 'a filter without a match shows arms');
  await page.getByRole('button', { name: 'Show all' }).click();
  at.expect((await shown()).size === names.length && (await count.textContent()) === '', 'not all come back');
  // The legend: rows and marks of one arm go and come.
  const button = page.locator('.legend button').first();
  const name = await button.getAttribute('title');
  const marks = () => page.locator('svg.figure .gone').count();
  await button.focus();
  await page.keyboard.press('Space');
  at.expect(!(await shown()).has(name) && (await shown()).size === names.length - 1, `the legend does not hide ${name}`);
  at.expect((await button.getAttribute('aria-pressed')) === 'false', 'aria-pressed stays');
  at.expect((await marks()) > 0, `no mark of ${name} is hidden`);
  await at.picture('hidden');
  await button.click();
  at.expect((await shown()).size === names.length && (await marks()) === 0, `${name} does not come back`);
}

// Another cutoff changes the leaderboards of all protocols, and back.
async function cutoffs(at, page) {
  const choice = page.getByLabel('Leaderboards at');
  const ks = [...new Set(await page.locator('main figure[data-k]').evaluateAll((all) => all.map((one) => one.dataset.k)))];
  if (ks.length < 2) {
    at.expect((await choice.count()) === 0, 'a choice of one cutoff');
    return;
  }
  // Per protocol: the first table's numbers, and at which cutoffs those that are not folded stand.
  const shown = () => page.locator('section[id^="protocol-"]').evaluateAll((all) => all.map((section) => {
    const open = [...section.querySelectorAll('figure[data-k]')].filter((figure) => !figure.closest('details'));
    return { numbers: open[0].querySelector('tbody').textContent, head: open[0].querySelector('thead').textContent, ks: [...new Set(open.map((one) => one.dataset.k))].join() };
  }));
  const whole = () => page.locator('main').evaluate((main) => [...main.querySelectorAll('figure table')].map((one) => one.getAttribute('aria-label')).join('|'));
  const [first, order] = [await shown(), await whole()];
  const options = await choice.locator('option').evaluateAll((all) => all.map((one) => one.value));
  at.expect([...options].sort().join() === [...ks].sort().join() && options[0] === first[0].ks, `the choice is ${options}, the cutoffs are ${ks}, the headline's ${first[0].ks}`);
  await choice.focus();
  await page.keyboard.press('ArrowDown');
  const second = await shown();
  at.expect(second.every(({ ks: own }) => own === options[1]), `not all protocols are at ${options[1]}: ${second.map(({ ks: own }) => own)}`);
  at.expect(second.every(({ numbers }, i) => numbers !== first[i].numbers), 'another cutoff shows the same numbers');
  at.expect(second.every(({ head }) => head.includes(`@${options[1]}`)), 'the heads do not say the cutoff');
  at.expect(await choice.evaluate((node) => node === document.activeElement), 'the choice loses the focus');
  await at.picture('cutoff');
  await choice.selectOption(options.at(-1));
  at.expect((await shown()).every(({ ks: own }) => own === options.at(-1)), 'the last cutoff');
  await widths(at, page, `at k = ${options.at(-1)}`);
  await choice.selectOption(options[0]);
  at.expect(JSON.stringify(await shown()) === JSON.stringify(first) && (await whole()) === order, 'the headline does not come back as it was');
}

async function tabs(at, page) {
  const panels = page.locator('section[id^="protocol-"]');
  const n = await panels.count();
  if (n < 2) {
    at.expect((await page.getByRole('tab').count()) === 0, 'tabs without a choice');
    return;
  }
  const visible = async () => (await Promise.all((await panels.all()).map((panel) => panel.isVisible()))).map(Number).join('');
  const only = (index) => Array.from({ length: n }, (_, i) => Number(i === index)).join('');
  const hash = () => page.evaluate(() => location.hash);
  const list = page.getByRole('tab');
  at.expect((await list.count()) === n && (await visible()) === only(0), 'the first protocol is not the one shown');
  await list.nth(1).click();
  at.expect((await visible()) === only(1) && (await hash()) === '#protocol-2', 'a click on the second tab');
  await page.keyboard.press('ArrowRight');
  at.expect((await visible()) === only(2 % n), 'the right arrow');
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowLeft');
  at.expect((await visible()) === only(n - 1) && (await list.nth(n - 1).getAttribute('aria-selected')) === 'true', 'the left arrow from the first tab');
  at.expect(await list.nth(n - 1).evaluate((node) => node === document.activeElement), 'the focus does not follow');
  await page.reload();
  at.expect((await visible()) === only(n - 1), 'the address does not keep the tab');
  await page.locator('nav a[href="#protocol-2"]').click();
  at.expect((await visible()) === only(1), 'a link to a protocol does not show it');
  await page.emulateMedia({ media: 'print' });
  at.expect((await visible()) === '1'.repeat(n), 'print does not show all protocols');
  at.expect(!(await page.locator('.tabs').isVisible()), 'print shows controls');
  await page.emulateMedia({ media: null });
  await list.first().click();
}

async function copying(at, page) {
  const figures = page.locator('main figure:has(table)');
  const n = await figures.count();
  at.expect((await page.locator('main figure .copy').count()) === n, 'a table without its buttons');
  const figure = figures.first();
  const read = () => page.evaluate(() => navigator.clipboard.readText());
  const [nRows, name] = await figure.locator('table').evaluate((node) => {
    const first = node.rows[1].cells[0].cloneNode(true);
    for (const small of first.querySelectorAll('small')) small.remove();
    return [node.rows.length, first.textContent.replace(/\s+/g, ' ').trim()];
  });
  for (const [kind, fits] of [
    ['Markdown', (text) => text.split('\n').length === nRows + 1 && /^\| .* \|$/m.test(text) && text.includes('---:')],
    ['LaTeX', (text) => text.includes('\\begin{tabular}{l') && text.includes('\\bottomrule') && text.split(' \\\\\n').length === nRows + 1],
    ['CSV', (text) => text.split('\n').length === nRows && text.split('\n')[1].startsWith(/[",]|^[=+@-]/.test(name) ? '' : name)],
  ]) {
    const button = figure.getByRole('button', { name: kind });
    await button.focus();
    await page.keyboard.press('Enter');
    const note = figure.locator('.copy [role=status]');
    await note.filter({ hasText: `${kind} copied` }).waitFor({ timeout: 5000 }).catch(() => at.expect(false, `${kind}: no word of it: ${name}`));
    const text = await read();
    at.expect(fits(text), `${kind} is not as expected:\n${text}`);
  }
}

// As where a browser refuses the clipboard: the text is there, selected.
async function refused(at, page) {
  await page.evaluate(() => { navigator.clipboard.writeText = () => Promise.reject(new Error('refused')); });
  const figure = page.locator('main figure:has(table)').first();
  await figure.getByRole('button', { name: 'CSV' }).click();
  const area = figure.locator('textarea');
  await area.waitFor();
  at.expect(await area.evaluate((node) => node.selectionEnd === node.value.length && node.value.length > 0 && document.activeElement === node), 'the text is not selected');
  await accessible(at, page, 'with the text to copy', 'main figure:has(textarea)');
  await figure.scrollIntoViewIfNeeded();
  await at.picture('refused');
}

async function withScript(at, page, width) {
  await widths(at, page, 'at first');
  await at.picture('first');
  // The page over all pages may have no script: then it is only looked at.
  if ((await page.locator('script').count()) === 0) {
    await accessible(at, page, 'at first');
    return;
  }
  // Every table once; in the other settings a few, because only their look differs.
  await sorting(at, page, width > 600 && at.where.endsWith('light') ? Infinity : 3);
  await filtering(at, page);
  await cutoffs(at, page);
  await tabs(at, page);
  await copying(at, page);
  for (const summary of await page.locator('summary').all()) if (await summary.isVisible()) await summary.click();
  await widths(at, page, 'all open');
  await accessible(at, page, 'all open');
  if (width > 600) {
    // What the answer rests on is on the first screen; a name of 400 letters, which no TOML can have, may push it down.
    const [top, longest] = await page.evaluate(() => [
      Math.round(document.querySelector('main figure').getBoundingClientRect().top + scrollY),
      Math.max(0, ...[...document.querySelectorAll('tr[data-arm]')].map((row) => row.dataset.arm.length)),
    ]);
    at.expect(top < 800 || longest > 100, `the first table or figure starts at ${top} px, below the first screen`);
  }
  await page.evaluate(() => scrollTo(0, 0));
  await at.picture('whole', true);
  await refused(at, page);
}

// Nothing but the script's own controls may need the script.
async function withoutScript(at, page) {
  for (const what of ['main table', 'main svg.figure', 'section']) {
    for (const node of await page.locator(what).all()) {
      const isFolded = await node.evaluate((one) => one.closest('details:not([open])') !== null).catch(() => false);
      at.expect(isFolded || (await node.isVisible()), `a ${what} is not visible`);
    }
  }
  at.expect((await page.locator('button, input, select').count()) === 0, 'dead controls');
  await widths(at, page, 'at first');
  await at.picture('first');
}

const files = process.argv.slice(2).map((name) => resolve(name));
if (files.length === 0) throw new Error('give the pages to check');
const browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET });
for (const file of files) {
  for (const width of WIDTHS) {
    for (const theme of THEMES.filter((theme) => isAsked(width, theme))) {
      await visit(browser, file, { width, theme }, (at, page) => withScript(at, page, width)).catch((error) => problems.push(`${file} ${width} ${theme}: ${error.message}`));
    }
    // Locators are evaluated by the debugger, which works without the page's own scripts.
    await visit(browser, file, { width, theme: 'light', javaScript: false }, withoutScript).catch((error) => problems.push(`${file} ${width} without JavaScript: ${error.message}`));
  }
}
await browser.close();
console.log(`${files.length} pages, ${nChecks} checks, ${problems.length} problems`);
if (problems.length > 0) {
  console.log([...new Set(problems)].map((problem) => `- ${problem}`).join('\n'));
  console.log(`screenshots:\n${taken.map((path) => `  ${path}`).join('\n')}`);
  process.exit(1);
}
