/* The exact Wasserstein distance of two small clouds (npvae/evaluation/distances.py).
 *
 *     W1 = min over pairings of the mean distance between partners
 */
const npvaeTransport = (() => {
  "use strict";
  const { matrix } = npvaeMath;

  /* The pairing of two clouds (n, d) with the smallest total distance: partner of each row of x. */
  function transport(x, y) {
    const cost = matrix(x.rows, y.rows);
    for (let n = 0; n < cost.data.length; n++) {
      cost.data[n] = distance(x, Math.floor(n / y.rows), y, n % y.rows);
    }
    return assignment(cost);
  }

  /* assignment_w1: mean distance between partners. */
  function pairedDistance(x, y, partner) {
    return partner.reduce((sum, j, i) => sum + distance(x, i, y, j), 0) / x.rows;
  }

  function distance(x, i, y, j) {
    let square = 0;
    for (let d = 0; d < x.cols; d++) {
      square += (x.data[i * x.cols + d] - y.data[j * y.cols + d]) ** 2;
    }
    return Math.sqrt(square);
  }

  /* The cheapest assignment of rows to columns, by shortest augmenting paths (the Hungarian method
   * as Jonker and Volgenant 1987 speed it up). u and v are the dual prices: cost - u - v >= 0, and
   * = 0 on the chosen pairs, which proves the choice. Column n is a place to start from. */
  function assignment(cost) {
    const n = cost.rows;
    const u = new Float64Array(n), v = new Float64Array(n + 1);
    const rowOf = new Int32Array(n + 1).fill(-1);
    for (let row = 0; row < n; row++) {
      rowOf[n] = row;
      const { end, before } = shortestPath(cost, u, v, rowOf);
      for (let j = end; j !== n; j = before[j]) rowOf[j] = rowOf[before[j]]; // shift along the path
    }
    const partner = new Int32Array(n);
    for (let j = 0; j < n; j++) partner[rowOf[j]] = j;
    return partner;
  }

  /* Grow a tree of cheapest alternating paths from column n to a column that has no row yet. */
  function shortestPath(cost, u, v, rowOf) {
    const n = cost.rows;
    const slack = new Float64Array(n).fill(Infinity), before = new Int32Array(n), reached = [];
    const free = new Set(Array(n).keys());
    let j = n;
    while (rowOf[j] !== -1) {
      reached.push(j);
      free.delete(j);
      const row = rowOf[j];
      let nearest = -1;
      for (const k of free) {
        const reduced = cost.data[row * n + k] - u[row] - v[k];
        if (reduced < slack[k]) { slack[k] = reduced; before[k] = j; }
        if (nearest < 0 || slack[k] < slack[nearest]) nearest = k;
      }
      const step = slack[nearest];
      for (const k of reached) { u[rowOf[k]] += step; v[k] -= step; }
      for (const k of free) slack[k] -= step;
      j = nearest;
    }
    return { end: j, before };
  }

  return { transport, pairedDistance };
})();
