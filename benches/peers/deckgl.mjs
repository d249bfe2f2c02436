// Pans a million points of deck.gl in Chromium: node deckgl.mjs PLACES SECONDS, prints JSON.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';

const [places, seconds] = [process.argv[2], Number(process.argv[3] ?? 15)];
const modules = process.env.DECK_MODULES ?? path.join(import.meta.dirname, 'node_modules');
const {default: puppeteer} = await import(pathToFileURL(createRequire(modules + '/').resolve('puppeteer-core')));
const page_text = `<!doctype html><style>body{margin:0;background:#0b1117}</style><div id="map"></div>
<script src="/deck.js"></script><script>
(async () => {
  const raw = new Float64Array(await (await fetch('/places')).arrayBuffer());
  const n = raw.length / 2;
  const position = new Float32Array(raw);
  let [lon, lat] = [0, 0];
  for (let i = 0; i < n; i++) { lon += raw[2 * i] / n; lat += raw[2 * i + 1] / n; }
  let drawn = 0, from = null;
  const view = step => ({longitude: lon + 0.02 * Math.sin(step / 60), latitude: lat, zoom: 11.5});
  const map = new deck_lib.Deck({
    parent: document.getElementById('map'), width: 1920, height: 1080,
    viewState: view(0),
    layers: [new deck_lib.ScatterplotLayer({
      id: 'points', data: {length: n, attributes: {getPosition: {value: position, size: 2}}},
      getRadius: 2, radiusUnits: 'pixels', getFillColor: [140, 200, 255]
    })],
    onAfterRender: () => { drawn++; from ??= performance.now(); }
  });
  let step = 0;
  const tick = () => { step++; map.setProps({viewState: view(step)}); requestAnimationFrame(tick); };
  const wait = ms => new Promise(done => setTimeout(done, ms));
  const began = performance.now();
  while (from === null) await wait(50);
  const first = from - began;
  tick();
  await wait(2000);
  const start = drawn, at = performance.now();
  await wait(${seconds} * 1000);
  window.result = {points: n, first_picture_millis: first, frames: drawn - start, seconds: (performance.now() - at) / 1000};
})();
</script>`.replaceAll('deck_lib', 'deck');

const server = http.createServer((request, response) => {
  if (request.url === '/places') return void fs.createReadStream(places).pipe(response);
  if (request.url === '/deck.js') return void fs.createReadStream(path.join(modules, 'deck.gl/dist.min.js')).pipe(response);
  response.setHeader('content-type', 'text/html');
  response.end(page_text);
}).listen(0);

// Resident memory of a process and all below it, in MiB.
function resident(root) {
  const parents = new Map(), sizes = new Map();
  for (const pid of fs.readdirSync('/proc').filter(name => /^[0-9]+$/.test(name))) {
    try {
      const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
      parents.set(Number(pid), Number(/PPid:\s+(\d+)/.exec(status)[1]));
      sizes.set(Number(pid), Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
    } catch {}
  }
  const below = pid => pid === root || (parents.has(pid) && pid > 1 && below(parents.get(pid)));
  return [...sizes].filter(([pid]) => below(pid)).reduce((sum, [, size]) => sum + size, 0);
}

const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  protocolTimeout: 600_000,
  args: ['--no-sandbox', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist', '--window-size=1920,1080'],
  defaultViewport: {width: 1920, height: 1080}
});
const page = await browser.newPage();
page.on('pageerror', error => console.error(String(error)));
page.on('console', message => console.error(message.text()));
await page.goto(`http://localhost:${server.address().port}/`);
let most = 0, result = null;
const until = Date.now() + 600_000;
while (!result && Date.now() < until) {
  await new Promise(done => setTimeout(done, 1000));
  most = Math.max(most, resident(browser.process().pid));
  result = await page.evaluate(() => window.result ?? null);
}
console.log(JSON.stringify({...result, resident_mib: Math.round(most)}));
await browser.close();
server.close();
