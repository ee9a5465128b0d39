"""Pages of HTML that the package writes: one file each, without scripts, that loads nothing; and their texts."""
