"""The control API of a sandbox, under `/_sandbox/`: steers a sandbox from any program, as Python does."""
