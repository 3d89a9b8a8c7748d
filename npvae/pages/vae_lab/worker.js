/* The worker in which the models learn, made from the scripts of the page up to this one.
 *
 * The page asks, and each question has one answer (labModel.answer). Between two questions the worker
 * rests. So a page that is hidden, and does not ask, stops the training.
 */
const labWorker = (() => {
  "use strict";

  /* In the worker: answer what is asked. */
  function listen(digits) {
    const images = labDigits.decode(digits);
    let lab = null;
    self.onmessage = ({ data }) => {
      const now = () => performance.now();
      const [next, present] = labModel.answer(lab, data, images, now);
      lab = next;
      self.postMessage(present);
    };
  }

  const inPage = typeof document !== "undefined";
  const scripts = inPage ? Array.from(document.scripts, (script) => script.textContent) : [];

  /* In the page: start a worker. Returns ask(request), a promise of the answer; one at a time. */
  function start(digits) {
    const text = `${scripts.join("\n")}\nlabWorker.listen(${JSON.stringify(digits)});`;
    const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    const worker = new Worker(address);
    return (request) =>
      new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = (event) => reject(new Error(event.message));
        worker.postMessage(request);
      });
  }

  return { listen, start };
})();
