"""Bulk work: any number of rows in batches, lazily, with bounded memory and concurrency, and a report at the end.

    source      the input, read in chunks as they are needed
    drafts      an input row as the wire's object, or why it is none
    crew        workers that fetch and handle batches until there are no more or something stops them
    gate        who may send when: the shared gate, and the window of rows under way
    refusals    which failure means what, and the halving of a refused batch
    progress    how far the call has come
    report      what became of the rows
    enrolling   `sequences.enroll_many`
    importing   `contacts.create_many` (`creating`: its batches; `cutting`: from rows to batches; `tally`: counts)
    created     `created_ids`: whom an import has created
    journal     what it remembers: intent before, result after, in SQLite (journal_file: its
                writes; journal_db: the file and its lock)
    evidence    what the lists prove about a batch whose answer was lost
    pairing     which rows of it are on those lists
    search      asking for the lists, and for how long
    batch       a batch while it is under way
    options     arguments in common, checked

Imports go from the later to the earlier; nothing here knows an endpoint.
"""
