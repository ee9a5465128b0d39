"""Pages of HTML that a command writes: one file each, without scripts, that loads nothing."""
