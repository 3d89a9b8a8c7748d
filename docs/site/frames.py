"""Where the site shows the laboratories: in frames, each above a heading of a chapter."""

CRITIC = "The critic's laboratory"
VAE = "The VAE's laboratory"
EXPLORER = "The explorer: two trained models"

# Page -> (heading that the frame stands above, what it is, its address seen from the chapter).
FRAMES = {
    "course/00_what_is_this": [
        ("## Why not do it directly?", VAE, "vae_lab.html#seed=1"),
        ("## Check yourself", EXPLORER, "../report/explorer.html"),
    ],
    "course/06_adam": [("## Check yourself", VAE, "vae_lab.html#seed=1&left=KL&right=AE")],
    "course/07_transport": [("## Transport", CRITIC, "critic_lab.html#seed=1")],
    "course/08_wgan_gp": [
        ("## What slope comes out?", CRITIC, "critic_lab.html#seed=1&back=slope&did=u300")
    ],
    "course/12_spring_and_force": [
        ("## Why the KL model is noisy", VAE, "vae_lab.html#seed=1&weightLeft=5&weightRight=5")
    ],
}


def add_frames(page: str, text: str, there: set[str]) -> str:
    """Return a page's Markdown with its frames; `there` names the laboratories that are made.

    Raises ValueError where a heading is not in the page exactly once.
    """
    for heading, title, address in FRAMES.get(page, []):
        if text.count(f"\n{heading}\n") != 1:
            raise ValueError(f"{page}: no heading {heading!r} for {title}")
        if address.partition("#")[0].rpartition("/")[2] in there:
            text = text.replace(f"\n{heading}\n", f"\n{frame(title, address)}\n\n{heading}\n")
    return text


def frame(title: str, address: str) -> str:
    """Return the HTML of a laboratory in a page."""
    address = address.replace("&", "&amp;")
    return (
        f'<figure class="laboratory"><iframe src="{address}" title="{title}" loading="lazy">'
        f'</iframe><figcaption>{title}. <a href="{address}">On a page of its own</a></figcaption>'
        "</figure>"
    )
