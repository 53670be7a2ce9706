// A bar chart of the newest latencies.

const NAMESPACE = 'http://www.w3.org/2000/svg';
const HEIGHT = 96;
const LEFT = 48;
export const BARS = 60;
const TOP = 14;

/** Draw the latencies, in milliseconds, into an <svg>, the newest at the right. */
export function draw(svg, latencies) {
  const highest = roundUp(Math.max(10, ...latencies));
  const width = svg.clientWidth || 600;
  svg.setAttribute('viewBox', `0 0 ${width} ${HEIGHT}`);
  const step = (width - LEFT) / BARS;
  const scale = (HEIGHT - TOP) / highest;
  svg.replaceChildren(
    shape('line', { x1: LEFT, x2: width, y1: TOP, y2: TOP }),
    shape('text', { x: 4, y: TOP + 4 }, `${highest} ms`),
    shape('text', { x: 4, y: HEIGHT - 4 }, '0'),
    ...latencies.map((latency, index) => {
      const height = Math.max(2, latency * scale);
      const x = width - (latencies.length - index) * step;
      return shape('rect', { x, y: HEIGHT - height, width: step - 2, height, rx: 1 });
    }),
  );
}

/** Round up to 1, 2 or 5 times a power of ten. */
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].find((digit) => digit * power >= value) * power;
}

function shape(name, attributes, text = '') {
  const element = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  return element;
}
