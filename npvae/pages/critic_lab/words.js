/* The sentence under the numbers: what the present state shows, said with its own figures. */
const labWords = (() => {
  "use strict";
  const { format } = npvaePictures;

  const BUGS = {
    batch:
      "Bug: one norm over the whole batch. All 64 slopes together are held to length 1, so " +
      "each is near 1/8, and the estimate is near an eighth of W₁.",
    alpha:
      "Bug: α for each dimension. The mixed points leave the lines between their ends (switch " +
      "“mixed points” on). The estimate hardly shows it, which is why this bug lives long.",
    sum:
      "Bug: the penalty holds the sum of ten units to slope 1, while their mean is " +
      "reported. The mean's slope is near 1/10, and the estimate is near a tenth of W₁.",
  };

  function shareOf(estimate, w1) {
    if (w1 === 0) return `${format(estimate)}, with W₁ = 0`;
    if (estimate > 10 * w1) return `${format(Math.round(estimate / w1), 0)} times W₁`;
    return `${format(Math.round((100 * estimate) / w1), 0)} % of W₁`;
  }

  function classifierWords({ estimate, force }) {
    const share = format(Math.max(0, (100 * estimate) / Math.LN2), 1);
    return (
      `A classifier: it estimates the Jensen–Shannon divergence, at ${share} % of its largest ` +
      `value, log 2. That says how well the clouds are told apart, not how far apart they are. ` +
      `The codes are pulled with a mean length of ${format(force)}; a critic's would be near 1.`
    );
  }

  function verdict({ settings, u }, measured) {
    const { estimate, w1 } = measured, share = shareOf(estimate, w1);
    if (u.t === 0) {
      return "The weights are random: nothing has been learned yet. Press Play.";
    }
    if (settings.judge === "classifier") return classifierWords(measured);
    if (settings.clip !== "off") {
      return (
        `Weight clipping: the estimate is ${share}. The clipping bound decides its size, ` +
        `not the distance.`
      );
    }
    if (settings.weight === "0") {
      return (
        `No penalty: the estimate is ${share}. Nothing holds the slope, so it runs away ` +
        `and measures nothing.`
      );
    }
    if (settings.bug !== "none") return `${BUGS[settings.bug]} Now it is ${share}.`;
    if (measured.cosine < 0) {
      return (
        `The estimate is ${share}. The pull points away from the best transport: the codes have ` +
        `moved on since the critic learned where they were. It must learn anew first.`
      );
    }
    if (estimate > w1) {
      const law = w1 > 0 ? format(1 + w1 / (2 * Number(settings.weight)), 2) : "1";
      return (
        `The estimate is ${share}. It is above, because the penalty lets the slope ` +
        `exceed 1: for a pure shift it would settle at 1 + W₁ / (2 · weight) = ${law} times ` +
        `W₁.`
      );
    }
    return (
      `The estimate is ${share}. It falls short while the critic is still learning, and ` +
      `stays short where 32 and 32 hidden units cannot bend as the best critic does.`
    );
  }

  return { verdict };
})();
