/* The 1,000 digits of the page: 100 of each class, one after another, 14 x 14 pixels of 16 greys.
 * In a byte, the first pixel has the higher four bits. */
const labDigits = (() => {
  "use strict";
  const COUNT = 1000, PIXELS = 196, GREYS = 15, SHOWN = 200;

  /* The images (1000, 196), from 0 to 1. */
  function decode(text) {
    const bytes = atob(text), images = npvaeMath.matrix(COUNT, PIXELS);
    for (let n = 0; n < bytes.length; n++) {
      const byte = bytes.charCodeAt(n);
      images.data.set([(byte >> 4) / GREYS, (byte & 15) / GREYS], 2 * n);
    }
    return images;
  }

  const classOf = (n) => Math.floor(n / 100);

  /* The numbers of the digits that the pictures show: 20 of each class, the classes in turn. */
  const shown = Int32Array.from({ length: SHOWN }, (_, k) => (k % 10) * 100 + Math.floor(k / 10));

  return { SHOWN, decode, classOf, shown };
})();
