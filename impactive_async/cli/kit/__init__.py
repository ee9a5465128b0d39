"""What all commands share: declarations, options, output, errors, exit codes and signals."""
