"""From measured numbers to sentences, pictures and one page."""
