// Something that others want to hear of.
export class Signal {
  #listeners = [];

  listen(listener) {
    this.#listeners.push(listener);
  }

  send(...values) {
    for (const listener of this.#listeners) listener(...values);
  }
}
