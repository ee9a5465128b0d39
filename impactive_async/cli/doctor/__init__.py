"""`impactive doctor`: how a workspace really answers, compared with what the SDK assumes.

It asks by itself, with the standard library's HTTP, so that a fault in the SDK's own reading cannot hide one of
the service.

    exchange, prober    one request and its answer; how they are sent, at a bounded rate
    places, stamps      what the contract says of each list; how a moment is printed
    shapes, answers     from an answer to the templates of a profile
    examination         what was found and learnt so far
    checks/             the groups of checks
    examining           all groups, in their order, and how many requests they make
    profiling           from what was learnt to a profile
    report, transcript  what may be shown to others
"""
