/* The eight tasks: what each sets up, what it asks, and what it then says with the present numbers.
 *
 * `answer` gets { left, right }, what `facts` finds of each.
 */
const labTasks = (() => {
  "use strict";
  const f = (x) => npvaePictures.format(Math.abs(x) < 5e-4 ? 0 : x, x > 10 ? 2 : 3);

  const TASKS = [
    {
      title: "What becomes of the noise?",
      set: "seed=1",
      steps: 600,
      text: "Each ellipse is the noise of one code. Noise blurs the redrawn digit. What will become of the ellipses?",
      guesses: ["They shrink to dots on both sides", "They stay on the left, dots remain on the right", "They grow on both sides"],
      right: 1,
      answer: ({ left, right }) => `σ is ${f(left.sigma)} on the left and ${f(right.sigma)} on the right. The KL ` +
        "looks at each digit by itself: the less noise its code has, the more it costs. So a KL model keeps some noise. " +
        "The Wasserstein distance only asks that all codes together fill the prior. Dots can do that. Noise then only blurs, so it goes.",
    },
    {
      title: "A spring that is too strong",
      set: "seed=1&right=KL&weightRight=30",
      steps: 300,
      text: "Both models use the KL. It pulls each code to the middle like a spring, harder from farther out. On the right the spring is 30 times as strong. What will the right model draw?",
      guesses: ["The same digits, a little softer", "One and the same grey blot for every image", "Sharper digits"],
      right: 1,
      answer: ({ left, right }) => `All codes on the right lie at the centre, with σ = ${f(right.sigma)}: each is the prior itself. ` +
        "So the code says nothing about its image, and the decoder draws the mean of all digits. " +
        `See the digits below the planes. The BCE, the error of the copies, stays at ${f(right.bce)}; on the left it is ${f(left.bce)}. This is called posterior collapse.`,
    },
    {
      title: "Nothing holds the codes",
      set: "seed=1&left=WS&weightLeft=2&weightRight=0",
      steps: 400,
      text: "Both models use the Wasserstein distance, but on the right it has the weight 0: nothing pulls the codes. Where will they go? The rings stay where the prior is.",
      guesses: ["They stay near the rings", "They all fall into the centre", "They drift far outside"],
      right: 2,
      answer: ({ left, right }) => `The middle of the codes is ${f(right.middle)} away from the prior's on the right, ${f(left.middle)} on the left. ` +
        `They are ${f(right.width)} and ${f(left.width)} wide, the prior 1. The copies hardly suffer: the BCE is ${f(right.bce)} and ${f(left.bce)}. ` +
        "But look at “new: from the prior” below the planes. On the right new codes are drawn where hardly any digit lives, so the new digits are poor.",
    },
    {
      title: "The same noise on both sides",
      set: "seed=1&sigma=0.3",
      steps: 400,
      text: "In the first task the two models differed in their noise. Now σ is held at 0.3 for every code on both sides. Spring on the left, critic on the right: how different will they be?",
      guesses: ["As different as before", "Nearly alike", "The right one cannot learn with noise"],
      right: 1,
      answer: ({ left, right }) => `BCE ${f(left.bce)} and ${f(right.bce)}; all codes are ${f(left.width)} and ${f(right.width)} wide, the prior 1. ` +
        "With the same noise, both pulls bring the codes to about the same cloud, and both redraw about as well. How much they differ depends on the seed, too. " +
        "So most of the difference between the two models is σ: the KL punishes a code" +
        " with too little noise, the Wasserstein distance does not.",
    },
    {
      title: "A critic that pulls as hard as it likes",
      set: "seed=1&left=WS&weightLeft=2&gp=0&right=SW",
      steps: 300,
      text: "A critic gives each place a score, and codes are pulled to where it is high. Usually a penalty keeps the slope of the score near 1. On the left it is switched off. The right model measures the distance without a critic. What will happen on the left?",
      guesses: ["The critic pulls more exactly", "Its pull grows until nothing else counts", "The critic stops learning"],
      right: 1,
      answer: ({ left, right }) => "A steeper score separates codes and prior more, and nothing makes steepness cost anything. " +
        `So the pull grows until it outweighs the reconstruction. All places μ fall together, they are ${f(left.places)} wide, ` +
        `and the noise must fill the prior: σ is ${f(left.sigma)}. The BCE is ${f(left.bce)}, on the right ${f(right.bce)}. ` +
        "The penalty holds the slope near 1. Only then do the scores measure a distance.",
    },
    {
      title: "The same distance without a critic",
      set: "seed=1&left=WS&weightLeft=2&right=SW&weightRight=2",
      steps: 600,
      text: "The right model needs no critic: it compares codes and prior along random lines, where the distance is only a matter of sorting. How much does it lose?",
      guesses: ["Much: its codes do not fit the prior", "Nothing", "Its digits are blurred"],
      right: 1,
      answer: ({ left, right }) => `BCE ${f(left.bce)} and ${f(right.bce)}, σ ${f(left.sigma)} and ${f(right.sigma)}. In both models dots fill the prior. ` +
        "It is the distance that does this, not the critic. The left cloud wanders more, because its critic must follow it: see the curves of the scale.",
    },
    {
      title: "When only the cloud counts",
      set: "seed=1&left=WS&weightLeft=2&weightRight=100",
      steps: 400,
      text: "The critic's pull has the weight 2 on the left and 100 on the right. So on the right hardly anything counts but the prior. How will the right model match it?",
      guesses: ["With all places in the middle, and noise as wide as the prior", "With dots that fill the prior exactly", "It cannot match the prior"],
      right: 0,
      answer: ({ left, right }) => `On the right σ is ${f(right.sigma)}, and the places μ are only ${f(right.places)} wide: each code is spread over the whole prior. ` +
        "That is the quickest way to match it, long before any digit is learned. But such a code says nothing about its image: " +
        `the BCE is ${f(right.bce)}, on the left ${f(left.bce)}. So the Wasserstein model collapses, too, if its weight is too large.`,
    },
    {
      title: "The same models, other random numbers",
      set: "seed=1&left=WS&weightLeft=2&seeds=other",
      steps: 500,
      text: "Both models are the same now. Only the random numbers differ: the start, the noise, the order of the digits. What will be the same?",
      guesses: ["The place of each kind of digit", "The numbers, but not the places", "Neither"],
      right: 1,
      answer: ({ left, right }) => `BCE ${f(left.bce)} and ${f(right.bce)}, σ ${f(left.sigma)} and ${f(right.sigma)}: nearly the same. But the numerals lie in other places. ` +
        "The prior is round, so it does not say which kind of digit belongs where. A claim about a model should hold for several seeds.",
    },
  ];

  /* What a task may look at: the measured numbers of both sides, how far the middle of the codes is
   * from the prior's, and widths in standard deviations: of all codes with their noise, and of the
   * places mu alone. */
  function facts({ sides }) {
    const [left, right] = sides.map((side) => {
      const codes = { rows: labDigits.SHOWN, cols: 4, data: side.stats };
      const middle = Math.hypot(...labModel.moments(codes).mean);
      const width = ({ cov }) => Math.sqrt((cov[0] + cov[2]) / 2);
      const { bce, sigma, scale, shape } = side;
      const widths = { width: width(labModel.spread(codes)), places: width(labModel.moments(codes)) };
      return { bce, sigma, scale, shape, middle, ...widths };
    });
    return { left, right };
  }

  return { TASKS, facts };
})();
