"""The console at `/_sandbox/ui`: one page of plain modules, over the control API alone."""
