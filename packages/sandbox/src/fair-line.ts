/** A waiting line in which tenants take turns, however many each of them has in it. Pure. */
export class FairLine<T> {
  /** In the order in which tenants are next; none is empty. */
  #tenants: { tenantId: string; items: T[] }[] = [];

  get length(): number {
    return this.#tenants.reduce((sum, { items }) => sum + items.length, 0);
  }

  push(tenantId: string, item: T): void {
    const tenant = this.#tenants.find((waiting) => waiting.tenantId === tenantId);
    if (tenant === undefined) this.#tenants.push({ tenantId, items: [item] });
    else tenant.items.push(item);
  }

  /** The next one: the oldest of the tenant whose turn it is. */
  shift(): T | undefined {
    const tenant = this.#tenants.shift();
    const item = tenant?.items.shift();
    if (tenant !== undefined && tenant.items.length > 0) this.#tenants.push(tenant);
    return item;
  }

  remove(item: T): void {
    for (const { items } of this.#tenants) {
      const at = items.indexOf(item);
      if (at !== -1) items.splice(at, 1);
    }
    this.#tenants = this.#tenants.filter(({ items }) => items.length > 0);
  }

  /** How many go before it, and one; undefined when it isn't in the line. */
  positionOf(is: (item: T) => boolean): number | undefined {
    for (const [order, { items }] of this.#tenants.entries()) {
      const at = items.findIndex(is);
      if (at === -1) continue;
      const before = this.#tenants.map((other, index) => Math.min(other.items.length, index < order ? at + 1 : at));
      return before.reduce((sum, count) => sum + count, 1);
    }
    return undefined;
  }

  /** Everything that waits, which waits no more. */
  clear(): T[] {
    return this.#tenants.splice(0).flatMap(({ items }) => items);
  }
}
