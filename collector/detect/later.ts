/** What is dear to make and seldom asked for: made when it is first asked for, or before that when there is time. */

export class Later {
  private readonly unmade = new Set<() => unknown>();

  /** @returns what gives the value, and makes it the first time */
  value<Value>(make: () => Value): () => Value {
    let made: { readonly value: Value } | undefined;
    const get = () => {
      if (!made) {
        this.unmade.delete(get);
        made = { value: make() };
      }
      return made.value;
    };
    this.unmade.add(get);
    return get;
  }

  /** Makes, a step at a time, what nobody has asked for yet. */
  *make(): Generator<undefined, void> {
    for (const get of this.unmade) {
      get();
      yield;
    }
  }
}
