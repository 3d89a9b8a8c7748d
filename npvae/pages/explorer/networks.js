/* The trained models: unpacked from the page; asked for codes, images, errors and scores. */
const explorerNetworks = (() => {
  "use strict";
  const V = npvaeVae;

  // ------------------------------------------------------------------ numbers in half precision

  /* The number whose 16 bits these are: sign, 5 bits of exponent, 10 bits of fraction. */
  function fromHalf(bits) {
    const exponent = (bits >> 10) & 31, part = (bits & 1023) / 1024;
    const size = exponent ? 2 ** (exponent - 15) * (1 + part) : 2 ** -14 * part;
    return bits & 0x8000 ? -size : size;
  }
  const HALVES = Float64Array.from({ length: 65536 }, (_, bits) => fromHalf(bits));

  /* explorer.pack, undone: a matrix, of which a vector is the only row. */
  function unpack({ shape, bytes, scale, base64 }) {
    const text = atob(base64), byte = (n) => text.charCodeAt(n);
    const x = npvaeMath.matrix(...(shape.length > 1 ? shape : [1, shape[0]]));
    for (let n = 0; n < x.data.length; n++) {
      const stored = bytes === 1 ? byte(n) : HALVES[byte(2 * n) | (byte(2 * n + 1) << 8)];
      x.data[n] = scale * stored;
    }
    return x;
  }

  /* Matrices under W1, W2, .., vectors under b1, b2, .. */
  function unpackWeights(packed) {
    const entry = ([name, array]) => [name, name[0] === "b" ? unpack(array).data : unpack(array)];
    return Object.fromEntries(Object.entries(packed).map(entry));
  }

  function row(x, n) {
    return x.data.subarray(n * x.cols, (n + 1) * x.cols);
  }

  // ---------------------------------------------------------------------------------- a model

  function open(packed) {
    const model = { ...packed, w: unpackWeights(packed.networks), networks: null };
    for (const name of ["factor", "components", "mu", "logvar", "tsne"]) {
      model[name] = unpack(packed[name]);
    }
    model.mean = Float64Array.from(packed.mean);
    model.critic = packed.critic && unpackWeights(packed.critic);
    model.latent = model.w.W3.rows;
    model.act = V.makeActivations(model.w, 1);
    model.criticAct = model.critic && npvaeCritic.makeActivations(model.critic, 1);
    return model;
  }

  /* mu, logvar and sigma of an image x (P,). */
  function encode(model, x) {
    model.act.x.data.set(x);
    V.encodeForward(model.w, model.act);
    const { data } = model.act.stats, logvar = data.slice(model.latent);
    return { mu: data.slice(0, model.latent), logvar, sigma: V.posteriorSigma(logvar) };
  }

  /* The image of a code z (L,), and the logits behind it. */
  function decode(model, z) {
    model.act.z.data.set(z);
    V.decodeForward(model.w, model.act);
    const logits = model.act.logits.data.slice();
    return { logits, image: V.sigmoid(logits) };
  }

  /* The reconstruction of x from the code z, with both errors. */
  function reconstruct(model, z, x) {
    const { logits, image } = decode(model, z);
    return { image, bce: V.bernoulliNll(logits, x), sse: V.squaredError(image, x) };
  }

  /* The critic's score at z (L,), its gradient, and its slope: the gradient's length. */
  function criticAt(model, z) {
    const act = model.criticAct, norm = new Float64Array(1);
    act.z.data.set(z);
    npvaeCritic.scoreAndGradient(model.critic, act);
    npvaeCritic.rowNorms(act.dz, norm);
    return { score: act.score[0], slope: norm[0], gradient: act.dz.data.slice() };
  }

  /* A draw of the Gaussian fitted to the model's codes: mean + factor eps. */
  function shaped(model, eps) {
    const { mean, factor } = model;
    return mean.map((m, i) => row(factor, i).reduce((sum, a, j) => sum + a * eps[j], m));
  }

  return { unpack, row, open, encode, decode, reconstruct, criticAt, shaped };
})();
