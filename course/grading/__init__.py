"""What grades the exercises: a safe call, npvae's answer beside the student's, a diagnosis.

    attempt.py     calls a student's function and checks what comes back
    diagnosis.py   compares answers with npvae's, and recognises the known mistakes
    report.py      one exercise's verdict: done, not yet, wrong
    dense.py ..    one grader for each exercise: grade(attempt), HINTS, COMPARE, measured()

A right answer is that of npvae/plain.py, but for what it does not have: tanh, importance
weights, MMD. A known mistake is, wherever that is possible, plain's function given something else
(other gates, twice logvar, another t), or run with one of its functions replaced. NumPy is all that
is needed.
"""
