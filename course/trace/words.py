"""What the trace says: at its head and end, and of each function the first time that it runs."""

HEAD = """
Here stands every line of npvae/plain.py that makes an array in this step: its number, the line,
then the arrays. Below it, deeper, stand the lines of the short functions that it calls, when they
run for the first time. What goes into a ReLU, and the critic's last layer, have no names in the
file; here they are a_enc, a_dec, a1, a2 and units. A plain 0 is 0, or would be without rounding
errors.
"""

MEASURED = """
The gradient of y is called dy. Its largest entry is shown once more, and beside it the same number
measured: the program runs again, h is added to this one entry of y as soon as it is made, and the
loss is read at the end. Measured is (loss with y + h, minus loss with y - h) / 2h, h = 1e-6.
Instead of the loss, "d BCE / d z" names the part of it to which a gradient belongs at this point.
"""

LOSSES = {
    "kl": "The loss is BCE + beta * KL, with beta = 0.5. The learning rate lr is 0.01.",
    "ws": """
        The critic's loss is 10 * P - distance. The VAE's loss is BCE - 0.5 * mean score of z. Both
        learning rates are 0.01.
        """,
}

START = "Two images of four pixels, and all weights, rounded so that a pencil can follow."

AGAIN = "The second update does the same with new noise: "

END = {
    "kl": "The losses with the weights of before and after, on the same images and noise.",
    "ws": """
        The losses with the weights of before and after, on the same images and noise: the critic's
        on the rows of its first update, the VAE's with the critic as it is in the end.
        """,
}

WORDS = {
    "kl_step": """
        From images to codes z and back to images, then the loss, its gradients, and new weights.
        The noise eps is an input like x, so z is a smooth function of mu and logvar.
        """,
    "ws_step": """
        First the critic learns, here in two updates, while the VAE stands still. Then the VAE
        learns once, while the critic stands still. Both need codes, so the encoder comes first.
        """,
    "encode": """
        From each image come the mean and the log-variance of its code. They are the two halves of
        one array, stats. A ReLU is off where its input is negative.
        """,
    "decode": "From each code come the logits of four pixels. sigmoid(logit) is the pixel.",
    "bce": """
        How badly is each pixel reconstructed? The gradient comes at once: s - x, what the decoder
        says minus what is true, divided by B for the mean. Here the backward pass begins.
        """,
    "kl": """
        How far is each code's distribution from N(0, I)? The gradient pulls mu to 0 and sigma to 1,
        whatever the image is.
        """,
    "vae_backward": """
        The way back, layer by layer. Where a ReLU was off, no gradient passes. The regulariser's
        part is added where z, mu and logvar were made; before, a gradient is only that of the rest.
        """,
    "mix": """
        The slope will be penalised between codes and prior: at one point on each line from a code
        to a prior row. All dimensions of a row share one alpha.
        """,
    "critic_loss": """
        The critic learns to score prior rows high and codes low, so that the distance grows. But
        its slope is to be 1, and P punishes every other slope.
        """,
    "score": "Two hidden layers and a last one. The mean of its units is the score of a row.",
    "hidden_layers": "Two layers like the first one of the encoder.",
    "score_gradients": """
        An ordinary backward pass. dscore says how much the score of each row counts in the loss:
        1/B for a code, -1/B for a prior row. So these gradients are parts of the loss's.
        """,
    "first_pass": """
        A backward pass down to the input: in which direction does the score of a row rise, and how
        steeply? It starts with 1 for each score, and keeps all that second_pass will need.
        """,
    "second_pass": """
        P depends on dz, and dz came from a backward pass with the weights in it. So the lines of
        first_pass now count as a forward pass, and this is the way back. All gradients are P's.
        """,
    "norm_backward": "First back through the length of dz, the slope. P wants it to be 1.",
    "update": """
        Adam. Its first update moves each weight by lr against the sign of its gradient, whatever
        the gradient's size is. (`--part adam` shows how.)
        """,
    "adam": "Running means of the gradient and its square, corrected because they began at 0.",
}
