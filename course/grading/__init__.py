"""What grades the exercises: a safe call, npvae's answer beside the student's, a diagnosis.

    attempt.py     calls a student's function and checks what comes back
    diagnosis.py   compares it with the right answer, and recognises the known mistakes
    report.py      one exercise's verdict: done, not yet, wrong
    hints.md       all words: hints, what was measured, what each mistake is
    dense.py ..    one grader for each exercise: MISTAKES, grade(attempt), measured()

The right answers are those of npvae/plain.py; for what it does not have (tanh, importance weights,
MMD) they stand in the grader. A known mistake is the right function with a part exchanged.
"""
