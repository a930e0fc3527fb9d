"""What looks for secrets in text: one file for each tool, behind one protocol."""
