// The newest raw frames in both directions, rendered only while their box is open.

const MAX_LINES = 200;

export class Frames {
  #lines = [];

  constructor(output, details) {
    this.output = output;
    this.details = details;
    details.addEventListener('toggle', () => this.#show());
  }

  add(direction, data) {
    const at = new Date().toISOString().slice(11, 23);
    this.#lines.push(`${at} ${direction === 'out' ? '→' : '←'} ${data}`);
    this.#lines.splice(0, this.#lines.length - MAX_LINES);
    this.#show();
  }

  #show() {
    if (!this.details.open) return;
    this.output.textContent = this.#lines.join('\n');
    this.output.scrollTop = this.output.scrollHeight;
  }
}
