"""Model releases as builds."""
