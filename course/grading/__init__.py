"""What grades the exercises: a safe call, npvae's answer beside the student's, a diagnosis.

    attempt.py     calls a student's function and checks what comes back
    diagnosis.py   compares answers with npvae's, and recognises the known mistakes
    glue.py        npvae's own functions, as plain functions that return arrays
    report.py      one exercise's verdict: done, not yet, wrong
    dense.py ..    one grader for each exercise: grade(attempt), HINTS, COMPARE, measured()

The graders hold no answers of their own. A right answer is npvae's. A known mistake is, wherever
that is possible, npvae's function given something else: other gates, twice logvar, another t.
"""
