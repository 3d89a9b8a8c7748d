/* The sliced Wasserstein distance (npvae/models/sliced.py), in float64.
 *
 *     SW = mean over lines of the mean |gap| between equal ranks, divided by E|direction_1|
 */
const npvaeSliced = (() => {
  "use strict";
  const { matrix } = npvaeMath;

  const UNIT = 2 / Math.PI; // E|direction_1| of a random direction in the plane

  /* normalise: each row gets the length 1. */
  function normalise(directions) {
    for (let row = 0; row < directions.rows; row++) {
      const line = directions.data.subarray(row * directions.cols, (row + 1) * directions.cols);
      const length = Math.hypot(...line);
      line.forEach((value, j) => { line[j] = value / length; });
    }
  }

  /* The places of all rows of x along a direction. */
  function along(x, direction) {
    const places = new Float64Array(x.rows);
    for (let row = 0; row < x.rows; row++) {
      for (let j = 0; j < x.cols; j++) places[row] += x.data[row * x.cols + j] * direction[j];
    }
    return places;
  }

  /* The distance of the rows of z and of prior along directions (K, 2) of length 1, and its dz. */
  function sliced(z, prior, directions) {
    const dz = matrix(z.rows, z.cols), scale = directions.rows * z.rows * UNIT;
    let total = 0;
    for (let k = 0; k < directions.rows; k++) {
      const direction = directions.data.subarray(k * z.cols, (k + 1) * z.cols);
      const places = along(z, direction), goals = along(prior, direction).sort();
      const order = Array.from(places.keys()).sort((a, b) => places[a] - places[b]);
      order.forEach((row, rank) => {
        const gap = places[row] - goals[rank]; // equal ranks belong together
        total += Math.abs(gap);
        direction.forEach((d, j) => { dz.data[row * z.cols + j] += (Math.sign(gap) * d) / scale; });
      });
    }
    return { distance: total / scale, dz };
  }

  return { normalise, sliced };
})();
