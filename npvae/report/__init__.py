"""From the measurements to pictures, sentences and one page."""
