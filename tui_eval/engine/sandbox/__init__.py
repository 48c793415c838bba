"""Where code that a model wrote runs.

``runner`` starts one ``keeper`` process per program. The keeper forks a ``judge``, which
holds the test, and a ``candidate``, which holds the model's code, confines both, and lets
plain data alone pass between them (``wire``). The judge decides from that data, over a pipe
that the candidate doesn't have. ``levels`` says how well a machine can confine, and
``selftest`` finds out by attacking.

The modules that the keeper imports stay free of dataclasses and of everything else that is
slow to import: they are loaded once per program.
"""
