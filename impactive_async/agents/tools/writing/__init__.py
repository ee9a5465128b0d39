"""The tools that write: each makes a plan, asks the user where it must, and carries out that plan alone."""
