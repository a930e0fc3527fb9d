"""What people ask of finished releases and of the whole graph, without doit."""
