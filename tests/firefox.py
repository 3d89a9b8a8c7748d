"""Firefox, driven over WebDriver BiDi (w3c.github.io/webdriver-bidi): JSON through a web socket."""

import json
import subprocess
from contextlib import ExitStack

from websockets.sync.client import connect


class Firefox:
    """One window. `log` is what pages wrote to the console, errors included."""

    def __init__(self, executable, profile):
        words = [executable, "--headless", "--no-remote", "--profile", profile]
        words += ["--remote-debugging-port", "0"]
        self.process = subprocess.Popen(
            words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        announced = (line for line in self.process.stderr if "BiDi listening on" in line)
        address = next(announced).split()[-1]
        self.log, self.count = [], 0
        self.stack = ExitStack()
        self.socket = self.stack.enter_context(connect(f"{address}/session", max_size=None))
        self.send("session.new", capabilities={})
        self.send("session.subscribe", events=["log.entryAdded"])
        self.context = self.send("browsingContext.getTree")["contexts"][0]["context"]

    def send(self, method, **parameters):
        """Give a command and return its result."""
        self.count += 1
        command = {"id": self.count, "method": method, "params": parameters}
        self.socket.send(json.dumps(command))
        while True:
            answer = json.loads(self.socket.recv(timeout=30))
            if answer.get("method") == "log.entryAdded":
                self.log.append(answer["params"]["text"])
            elif answer.get("id") == self.count:
                assert answer["type"] == "success", answer
                return answer["result"]

    def open(self, url, width=1280, height=900):
        """Show a page in a window of this size, and wait until it is ready."""
        size = {"width": width, "height": height}
        self.send("browsingContext.setViewport", context=self.context, viewport=size)
        self.send("browsingContext.navigate", context=self.context, url=url, wait="complete")
        self.wait("document.body.dataset.state === 'ready'")

    def evaluate(self, expression):
        """Return the value of an expression, as JSON can say it."""
        text = f"Promise.resolve({expression}).then((x) => JSON.stringify(x ?? null))"
        target = {"context": self.context}
        result = self.send("script.evaluate", expression=text, target=target, awaitPromise=True)
        assert result["type"] == "success", result
        return json.loads(result["result"]["value"])

    def wait(self, condition):
        """Wait until an expression is true, for at most 15 seconds."""
        loop = f"""(async () => {{ for (let n = 0; n < 300 && !({condition}); n++)
            await new Promise((go) => setTimeout(go, 50)); return Boolean({condition}); }})()"""
        assert self.evaluate(loop), condition

    def click(self, selector, x=0.5, y=0.5):
        """Press the mouse on a place of an element, told in parts of its width and height."""
        element = f"document.querySelector({selector!r})"
        self.evaluate(f"{element}.scrollIntoView({{ behavior: 'instant', block: 'center' }})")
        box = self.evaluate(f"{element}.getBoundingClientRect()")
        place = {"x": round(box["x"] + x * box["width"]), "y": round(box["y"] + y * box["height"])}
        press = [{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        actions = [{"type": "pointerMove", **place}, *press]
        mouse = {"type": "pointer", "id": "mouse", "actions": actions}
        self.send("input.performActions", context=self.context, actions=[mouse])

    def close(self):
        self.stack.close()
        self.process.terminate()
        self.process.wait()
        self.process.stderr.close()
