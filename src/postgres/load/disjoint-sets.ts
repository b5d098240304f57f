/** Numbers that are joined to sets, none of which shares a member with another (union-find). */
export interface DisjointSets {
  /** Makes one set of those that two numbers are in; a number never seen is alone in its own. */
  join(a: number, b: number): void;
  /** The member that stands for a number's set, until the next join. */
  root(id: number): number;
}

/** Sets without members. */
export function createDisjointSets(): DisjointSets {
  const parents = new Map<number, number>();
  const root = (id: number): number => {
    let found = id;
    for (let parent = parents.get(found); parent !== undefined && parent !== found; parent = parents.get(found)) {
      found = parent;
    }
    parents.set(id, found);
    return found;
  };
  return { root, join: (a, b) => void parents.set(root(a), root(b)) };
}
