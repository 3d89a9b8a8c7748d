/* Moving and drawing points with mouse, finger and keyboard.
 *
 * Three tools: "point" drags one point, "cloud" drags a whole cloud, "draw" takes the cloud's
 * points one after another to where the pen goes, so that there are always 64. */
const labTools = (() => {
  "use strict";
  const { BATCH } = criticUpdate, { snap } = labState;
  const NEAR = 22; // pixels: how far from a point a finger may miss it
  const PEN = 9; // pixels between two points of a stroke
  const STEP = 0.1; // of an arrow key, in units of the plane
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

  /* Listen on the canvas. `page` gives: lab(), busy(), tool(), which(), chooseCloud(which),
   * changing(), changed(which), moved(which, numbers), redraw(). Returns what is chosen. */
  function attach(canvas, page) {
    const state = { chosen: null, cursor: null, pen: 0, drag: null };

    const points = (which) => page.lab().points[which];
    const setPoint = (which, n, [x, y]) => points(which).set([snap(x), snap(y)], 2 * n);

    function placeOf(event) {
      const box = canvas.getBoundingClientRect();
      return labPlane.toPlane(box.width, event.clientX - box.left, event.clientY - box.top);
    }

    /* The nearest point of either cloud, or null if none is near. */
    function nearest([x, y]) {
      let best = null, least = (NEAR * 2 * labModel.EXTENT) / canvas.clientWidth;
      for (const which of ["codes", "prior"]) {
        for (let n = 0; n < BATCH; n++) {
          const distance = Math.hypot(points(which)[2 * n] - x, points(which)[2 * n + 1] - y);
          if (distance < least) {
            least = distance;
            best = { which, n };
          }
        }
      }
      return best;
    }

    /* Put the numbered points, or all, to where they were in `base`, shifted. */
    function shift(which, base, numbers, [dx, dy]) {
      for (const n of numbers) setPoint(which, n, [base[2 * n] + dx, base[2 * n + 1] + dy]);
    }
    const every = Array.from({ length: BATCH }, (_, n) => n);

    function drawPoint(which, place) {
      setPoint(which, state.pen, place);
      state.pen = (state.pen + 1) % BATCH;
    }

    /* Put points along the way of the pen, evenly; return where the last one lies. */
    function stroke(which, from, to) {
      const apart = (PEN * 2 * labModel.EXTENT) / canvas.clientWidth;
      const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
      const length = Math.hypot(dx, dy), count = Math.floor(length / apart);
      const along = (k) => [dx, dy].map((d, n) => from[n] + (k * apart * d) / length);
      for (let k = 1; k <= count; k++) drawPoint(which, along(k));
      return count ? along(count) : from;
    }

    // ------------------------------------------------------------------------- mouse and finger

    function grabs(event) {
      return page.tool() !== "point" || nearest(placeOf(event)) !== null;
    }

    function down(event) {
      if (page.busy()) return;
      const start = placeOf(event), tool = page.tool();
      state.cursor = null;
      if (tool === "point") {
        state.chosen = nearest(start);
        page.redraw();
        if (!state.chosen) return;
        page.chooseCloud(state.chosen.which);
      }
      page.changing();
      const which = page.which(), numbers = tool === "point" ? [state.chosen.n] : every;
      const base = points(which).slice();
      state.drag = { tool, which, numbers, start, last: start, base, moved: false };
      canvas.setPointerCapture(event.pointerId);
      if (tool === "draw") drawPoint(which, start);
      state.drag.moved = tool === "draw";
    }

    function move(event) {
      if (!state.drag) return;
      const { tool, which, numbers, start, last, base } = state.drag, place = placeOf(event);
      if (tool === "draw") state.drag.last = stroke(which, last, place);
      else shift(which, base, numbers, [place[0] - start[0], place[1] - start[1]]);
      state.drag.moved = true;
      page.lab().transport = null;
      page.redraw();
    }

    function up() {
      if (!state.drag) return;
      const { which, moved, numbers } = state.drag;
      state.drag = null;
      if (!moved) return;
      page.changed(which);
      page.moved(which, numbers);
    }

    // ----------------------------------------------------------------------------- the keyboard

    function key(event) {
      if (page.busy()) return;
      const step = ARROWS[event.key], tool = page.tool(), which = page.which();
      const letter = event.key.toLowerCase(), size = STEP * (event.shiftKey ? 5 : 1);
      if (event.ctrlKey || event.metaKey || event.altKey) return; // these belong to the browser
      if (step) arrow(tool, which, step.map((s) => s * size));
      else if (letter === "n" || letter === "b") choose(which, letter === "n" ? 1 : BATCH - 1);
      else if (letter === "c") choose(which === "codes" ? "prior" : "codes", 0);
      else if (event.key === " " && tool === "draw") {
        const { pen } = state;
        edit(which, [pen], () => drawPoint(which, state.cursor ?? [0, 0]));
      } else return;
      event.preventDefault();
      page.redraw();
    }

    function choose(which, by) {
      const from = state.chosen?.which === which ? state.chosen.n : 0;
      state.chosen = { which, n: (from + by) % BATCH };
      page.chooseCloud(which);
      page.moved(which, [state.chosen.n]);
    }

    function arrow(tool, which, step) {
      if (tool === "draw") {
        const [x, y] = state.cursor ?? [0, 0];
        state.cursor = [snap(x + step[0]), snap(y + step[1])];
        return;
      }
      if (tool === "point" && state.chosen?.which !== which) choose(which, 0);
      const numbers = tool === "cloud" ? every : [state.chosen.n];
      edit(which, numbers, () => shift(which, points(which).slice(), numbers, step));
    }

    function edit(which, numbers, how) {
      page.changing();
      how();
      page.changed(which);
      page.moved(which, numbers);
    }

    canvas.addEventListener("pointerdown", down);
    canvas.addEventListener("pointermove", move);
    canvas.addEventListener("pointerup", up);
    canvas.addEventListener("pointercancel", up);
    canvas.addEventListener("keydown", key);
    // A finger that takes hold of something must not scroll the page; any other may.
    const hold = (event) => {
      if (grabs(event.touches[0])) event.preventDefault();
    };
    canvas.addEventListener("touchstart", hold, { passive: false });
    return state;
  }

  return { attach };
})();
