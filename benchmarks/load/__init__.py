"""Load and time: many subscribers, publishers who never pause, and every pair accounted for.

The subscribers live in a process of their own (`crowd`), the publishers in this one (`senders`);
`reconciling` holds the log of the ones against that of the others. Beside it, in turns: the rate of
a function that only echoes (`floor`).
"""
